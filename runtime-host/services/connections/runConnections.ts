import type { Logger } from '../../base/log.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { BerthPaths } from '../../protocol/paths.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import type { Container } from '../container.ts';
import type { ContainerRun } from '../run/containerRun.ts';
import type { ContainerTable } from '../containerTable.ts';
import type { RunSurroundings } from '../run/runContext.ts';
import { hostCertificates } from './certificates.ts';
import type { GuestConnections } from './guestConnections.ts';
import { removeLeftSocket } from './hostSockets.ts';
import { besideOwn, proxyEnvironment } from './proxies.ts';
import { PublishedSockets } from './publishedSockets.ts';
import { forwardAgent } from './sshAgent.ts';
import { trustEnvironment } from './trustStore.ts';

export interface RunConnectionsOptions {
  readonly paths: BerthPaths;
  readonly table: ContainerTable;
  readonly log: Logger;
  readonly environment: NodeJS.ProcessEnv;
  readonly notify: (message: string) => void;
}

interface Opened {
  readonly sockets: PublishedSockets | undefined;
  stopAgent: (() => void) | undefined;
  closed: boolean;
}

/** What leads from the host into containers that run, and from them to the host, beside their networks. */
export class RunConnections {
  readonly #options: RunConnectionsOptions;
  readonly #opened = new Map<string, Opened>();

  constructor(options: RunConnectionsOptions) {
    this.#options = options;
    options.table.onRunBegan((container, run) => this.#began(container, run));
    options.table.onDispose(() => {
      for (const id of this.#opened.keys()) this.#close(id);
    });
  }

  /**
   * For a container that is about to start: its published sockets listen from now on, until {@link ended}.
   * @throws BerthError InvalidArgument when one of them cannot be made; nothing is left then
   */
  async open(container: Container): Promise<RunSurroundings> {
    const { connection } = container.record;
    if (!connection) return { environment: [], certificates: [], prepare: () => Promise.resolve() };
    const { environment, log } = this.#options;
    const isTrusting = connection.networks.length > 0 && connection.hostCertificates !== false;
    const certificates = isTrusting ? await hostCertificates(environment, log) : [];
    const opened = await this.#open(container);
    return {
      environment: [...besideOwn(container.record.env, proxyEnvironment(connection, this.#neighbours(container))), ...(certificates.length > 0 ? await this.#trustEnvironment(container) : [])],
      certificates: certificates.map((certificate) => Buffer.from(certificate)),
      prepare: (guest) => this.#serveAgent(container, opened, guest),
    };
  }

  /** The container has ended, or has not started. Also removes what an earlier host has left of it. */
  async ended(container: Container): Promise<void> {
    if (this.#close(container.id)) return;
    for (const { hostPath } of container.record.connection?.sockets ?? []) await removeLeftSocket(hostPath);
  }

  async #trustEnvironment({ id, record }: Container): Promise<string[]> {
    const { paths, log } = this.#options;
    return trustEnvironment(paths.disk(record.diskKey)).catch((error: unknown) => {
      log.info('Where an image keeps its certificates is not known', { container: id, reason: String(error) });
      return [];
    });
  }

  async #open({ id, record }: Container): Promise<Opened> {
    const sockets = record.connection?.sockets ?? [];
    const opened: Opened = { sockets: sockets.length > 0 ? await PublishedSockets.open(record, sockets, this.#options.log) : undefined, stopAgent: undefined, closed: false };
    this.#opened.set(id, opened);
    return opened;
  }

  #close(id: string): boolean {
    const opened = this.#opened.get(id);
    if (!opened) return false;
    this.#opened.delete(id);
    opened.closed = true;
    opened.stopAgent?.();
    opened.sockets?.close();
    return true;
  }

  #began(container: Container, run: ContainerRun): void {
    if (!container.record.connection) return;
    void run.exited.then(() => this.#close(container.id));
    const opened = this.#opened.get(container.id);
    if (opened) opened.sockets?.serve(run.guest);
    else void this.#resume(container, run);
  }

  /** For one that an earlier host has started. */
  async #resume(container: Container, run: ContainerRun): Promise<void> {
    try {
      const opened = await this.#open(container);
      if (run.over) {
        this.#close(container.id);
        return;
      }
      opened.sockets?.serve(run.guest);
      await this.#serveAgent(container, opened, run.guest);
    } catch (error) {
      const { message } = BerthError.from(error);
      this.#options.log.error('A container’s sockets could not be made again', error, { container: container.id });
      this.#options.notify(`Container “${container.name}” runs on, but without all of its sockets: ${message}`);
    }
  }

  async #serveAgent({ id, record }: Container, opened: Opened, guest: GuestConnections): Promise<void> {
    const agent = record.connection?.sshAgent;
    if (agent === undefined) return;
    const stop = await forwardAgent(id, agent, guest, this.#options.log);
    if (opened.closed) stop();
    else opened.stopAgent = stop;
  }

  /** Names of those that are in one of its networks, whether they run or not. */
  #neighbours(container: Container): string[] {
    const networks = networksOf(container.record);
    return this.#options.table.all().filter((other) => other !== container && networksOf(other.record).some((network) => networks.includes(network))).map(({ name }) => name).sort();
  }
}

function networksOf({ connection }: ContainerRecord): string[] {
  return connection?.networks.map(({ network }) => network) ?? [];
}
