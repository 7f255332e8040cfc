import * as vscode from 'vscode';
import type { ForwardedPort, Listener } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { PortAttributes } from '../../runtime-host/devcontainer/portAttributes.ts';
import { describe } from '../errors.ts';
import { openInBrowser, openPreview } from './browse.ts';
import { hostAddress } from './portEntries.ts';

/** A server that has begun to listen, and where it is to be found. */
export interface Server {
  readonly forwarded: ForwardedPort;
  readonly listener: Listener;
  readonly attributes: PortAttributes;
}

const key = 'berth.announcedServers';

/** What is remembered of a container: its last run, and the ports of which the user has been told in it. */
interface Told {
  readonly run: string;
  readonly ports: readonly number[];
  /** Opened in a browser in any run. */
  readonly opened: readonly number[];
}

/** Does what `onAutoForward` says, once for each server; a window that is loaded anew does not repeat it. */
export class ServerAnnouncements {
  readonly #memory: vscode.Memento;
  readonly #log: vscode.LogOutputChannel;
  readonly #stop: (container: ContainerInfo, forwarded: ForwardedPort) => Promise<void>;

  constructor(memory: vscode.Memento, log: vscode.LogOutputChannel, stop: (container: ContainerInfo, forwarded: ForwardedPort) => Promise<void>) {
    this.#memory = memory;
    this.#log = log;
    this.#stop = stop;
  }

  async announce(container: ContainerInfo, servers: readonly Server[]): Promise<void> {
    const all = this.#memory.get<Readonly<Record<string, Told>>>(key, {});
    const run = container.startedAt ?? '';
    const before = all[container.id];
    const told = before?.run === run ? before.ports : [];
    const opened = before?.opened ?? [];
    const fresh = servers.filter(({ listener }) => !told.includes(listener.port));
    // A browser is opened each time that the server comes back; of the rest one hears once.
    const kept = told.filter((port) => servers.some(({ listener }) => listener.port === port) || !this.#reopens.has(`${container.id}:${port}`));
    if (fresh.length === 0 && kept.length === told.length && before?.run === run) return;
    const now: Told = {
      run,
      ports: [...kept, ...fresh.map(({ listener }) => listener.port)],
      opened: [...new Set([...opened, ...fresh.filter(({ attributes }) => attributes.onAutoForward === 'openBrowserOnce').map(({ listener }) => listener.port)])],
    };
    await this.#memory.update(key, { ...all, [container.id]: now });
    for (const server of fresh) this.#act(container, server, opened.includes(server.listener.port));
  }

  readonly #reopens = new Set<string>();

  /** Does not wait for the user. */
  #act(container: ContainerInfo, server: Server, wasOpened: boolean): void {
    const { forwarded, listener, attributes } = server;
    const action = attributes.onAutoForward ?? 'notify';
    const host = { address: forwarded.hostAddress, port: forwarded.hostPort };
    const failed = (error: unknown): void => this.#log.error(`Port ${listener.port} of “${container.name}”: ${describe(error)}`);
    if (action === 'openBrowser' || action === 'openPreview') this.#reopens.add(`${container.id}:${listener.port}`);
    if (action === 'openPreview') openPreview(host, attributes).catch(failed);
    else if (action === 'openBrowser' || (action === 'openBrowserOnce' && !wasOpened)) openInBrowser(host, attributes).catch(failed);
    else if (action === 'notify') this.#notify(container, server).catch(failed);
  }

  async #notify(container: ContainerInfo, { forwarded, listener, attributes }: Server): Promise<void> {
    const host = { address: forwarded.hostAddress, port: forwarded.hostPort };
    const what = attributes.label ?? listener.processName ?? 'A server';
    const [open, stop] = ['Open in Browser', 'Stop Forwarding'];
    const answer = await vscode.window.showInformationMessage(`${what} is listening on port ${listener.port} of “${container.name}”, which is ${hostAddress(host)} here.`, open, stop);
    if (answer === open) await openInBrowser(host, attributes);
    if (answer === stop) await this.#stop(container, forwarded);
  }
}
