import { writeSync } from 'node:fs';
import { setMaxListeners } from 'node:events';
import type { Logger } from './base/log.ts';
import { BerthError } from './protocol/errors.ts';
import { errorLinePrefix, readyLine } from './protocol/hostStart.ts';
import { BerthPaths } from './protocol/paths.ts';
import { ensureUsable } from './protocol/usablePaths.ts';
import { version } from './protocol/version.ts';
import type { HostServices } from './rpc/hostServices.ts';
import type { HostLock } from './hostLock.ts';
import { openHostLog } from './hostLog.ts';
import { IdleWatch } from './idleWatch.ts';
import { becomeSingleInstance } from './singleInstance.ts';

export interface WiredServices extends HostServices {
  qemuVersion(): Promise<string | undefined>;
}

/** Builds the services; called once the door is open, so that heavy modules do not delay it. */
export type WireServices = (options: { readonly paths: BerthPaths; readonly log: Logger; readonly environment: NodeJS.ProcessEnv }) => Promise<WiredServices>;

const defaultIdleSeconds = 300;
/** What is still busy when the host stops gets this long. */
const stopLimitMilliseconds = 10_000;

/**
 * Runs the runtime host in this process: lock, door, services, in this order; and back when it is asked to stop, gets
 * SIGTERM or SIGINT, or has been idle for `BERTH_IDLE_SECONDS` (default 300).
 */
export async function runHost(wire: WireServices, environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  const paths = new BerthPaths(environment);
  let lock: HostLock | undefined;
  try {
    await ensureUsable(paths);
    lock = await becomeSingleInstance(paths);
  } catch (error) {
    return refuse(error);
  }
  if (!lock) return say(readyLine);
  const { log } = openHostLog(paths.hostLog);
  const host = new Host(paths, log, lock, environment);
  try {
    await host.run(wire);
  } catch (error) {
    log.error('The host cannot run', error);
    refuse(error);
    await host.stop('it cannot run', 1);
  }
}

class Host {
  readonly #paths: BerthPaths;
  readonly #log: Logger;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #startedAt = new Date();
  readonly #cleanups: (() => void | Promise<void>)[] = [];
  #closeDoor: () => Promise<void> = async () => undefined;
  #stopping = false;

  constructor(paths: BerthPaths, log: Logger, lock: HostLock, environment: NodeJS.ProcessEnv) {
    this.#paths = paths;
    this.#log = log;
    this.#environment = environment;
    this.#cleanups.push(() => lock.release());
  }

  async run(wire: WireServices): Promise<void> {
    this.#listenToProcess();
    const idle = new IdleWatch(idleSeconds(this.#environment), () => void this.stop('it is idle'));
    this.#cleanups.push(() => idle.dispose());
    const { RpcServer } = await import('./rpc/rpcServer.ts');
    const wired = Promise.withResolvers<WiredServices>();
    // A failure is handled below; requests that wait for it get it too.
    wired.promise.catch(() => undefined);
    const server = new RpcServer(
      {
        log: this.#log,
        home: this.#paths.home,
        startedAt: this.#startedAt,
        services: wired.promise,
        qemuVersion: async () => (await wired.promise).qemuVersion(),
        // After the answer to whoever asked has gone out.
        requestStop: (reason) => setImmediate(() => void this.stop(reason)),
      },
      (count) => idle.connectionsChanged(count),
    );
    await server.listen(this.#paths.hostSocket);
    this.#closeDoor = () => server.close();
    say(readyLine);
    this.#log.info('The runtime host is up', { version, pid: process.pid, node: process.version, home: this.#paths.home, milliseconds: Math.round(performance.now()) });
    try {
      const services = await this.#startServices(wire, idle);
      server.watch(services);
      wired.resolve(services);
    } catch (error) {
      this.#log.error('The host cannot work; it tells its clients why, and ends when they have gone', error);
      wired.reject(error);
      idle.shorten(0.5);
    }
  }

  async #startServices(wire: WireServices, idle: IdleWatch): Promise<WiredServices> {
    const services = await wire({ paths: this.#paths, log: this.#log, environment: this.#environment });
    this.#cleanups.push(() => services.containers.dispose());
    await services.containers.adopt();
    const count = async (): Promise<void> => idle.runningChanged((await services.containers.list()).length);
    const recount = (): void => {
      count().catch((error: unknown) => this.#log.error('Running containers cannot be counted', error));
    };
    this.#cleanups.push(services.containers.onDidChange(recount));
    await count();
    return services;
  }

  /** Lets nobody in any more, gives everything back in reverse order and ends the process. */
  async stop(reason: string, status = 0): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#log.info('The runtime host stops', { reason });
    setTimeout(() => {
      this.#log.warn('Not everything ended in time');
      process.exit(status);
    }, stopLimitMilliseconds).unref();
    for (const cleanup of [this.#closeDoor, ...this.#cleanups.reverse()]) {
      try {
        await cleanup();
      } catch (error) {
        this.#log.error('Something could not be given back', error);
      }
    }
    process.exit(status);
  }

  #listenToProcess(): void {
    // Many requests may wait for one abort signal; the warning about that is for programs that forget to let go.
    setMaxListeners(0);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void this.stop(`it got ${signal}`));
    // A terminal that goes away is not ours: the host outlives the shell that started it.
    process.on('SIGHUP', () => undefined);
    process.on('unhandledRejection', (error) => this.#log.error('A failure that nobody handled', error));
    process.on('uncaughtException', (error) => {
      this.#log.error('A failure that nobody caught; the host ends, containers go on', error);
      // The state of this process cannot be trusted any more; the next command starts a fresh one and finds the VMs.
      process.exit(1);
    });
  }
}

function idleSeconds(environment: NodeJS.ProcessEnv): number {
  const given = Number(environment['BERTH_IDLE_SECONDS'] ?? defaultIdleSeconds);
  return Number.isFinite(given) && given > 0 ? given : defaultIdleSeconds;
}

function refuse(error: unknown): void {
  const thrown = BerthError.from(error);
  process.stderr.write(`${thrown.stack ?? thrown.message}\n`);
  say(`${errorLinePrefix}${JSON.stringify(thrown.toPayload())}`);
  process.exitCode = 1;
}

let said = false;

/** Tells whoever started us: the first line only, at once, and it does not matter when nobody listens. */
function say(line: string): void {
  if (said) return;
  said = true;
  try {
    writeSync(1, `${line}\n`);
  } catch {
    // The starter is gone; others may still come.
  }
}
