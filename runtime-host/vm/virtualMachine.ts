import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { BerthError } from '../protocol/errors.ts';
import { oomKills } from './outOfMemory.ts';
import { endProcess, isRunning, killProcess, processEnd } from '../base/processes.ts';
import { QmpClient } from './qmp.ts';
import { QmpMonitor, type VmPause } from './qmpMonitor.ts';
import { qemuArguments, qmpChardev, type VmConfiguration } from './qemuArguments.ts';

const lookAgainMilliseconds = 20;
/** QEMU answers within its first second, but an emulated guest's start may keep a busy machine from it. */
const childAnswerMilliseconds = 120_000;

export type { VmPause } from './qmpMonitor.ts';

/** How a VM's process ended. Code and signal are undefined when it was started by an earlier host and not our child. */
export interface VmEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** QEMU's own word for it, such as `guest-reset`; undefined when it had no time to tell. */
  readonly reason?: string | undefined;
  /** It was killed, and this machine's kernel has killed for want of memory while it ran. */
  readonly outOfMemory?: boolean;
}

/** A running virtual machine. It outlives the host unless it is ended. */
export interface VirtualMachine {
  readonly pid: number;
  /** Settles when its process is gone. Never rejects. */
  readonly ended: Promise<VmEnd>;
  /** Why QEMU has stopped it for the time being; undefined while it runs. */
  readonly pause: VmPause | undefined;
  /** One listener, called after each change of {@link pause}. */
  onPauseChanged(listener: () => void): void;
  /** Settles when QEMU has made all its devices and sockets and takes commands. */
  answers(): Promise<void>;
  /** Lets it go on after a pause; it is paused again when the reason still stands. */
  resume(): Promise<void>;
  /** Makes it complete what its network interfaces have begun to send ({@link QmpMonitor.nudge}). */
  nudge(): Promise<void>;
  /** Flushes and closes its disk, then ends it; kills it when that takes longer than the limit. Settles when it is gone. */
  quit(limitMilliseconds: number): Promise<void>;
  /** Ends it at once, as a power cut would. Settles when it is gone. */
  kill(): Promise<void>;
  /** Stops watching it; it goes on. */
  release(): void;
}

/**
 * Starts QEMU in a session of its own and answers once its sockets listen, long before the guest has booted.
 * @param log receives what QEMU itself says
 * @param signal gives up: whatever runs by then is ended
 * @throws BerthError VmFailed with QEMU's words when it ends before that; QemuMissing when it cannot be run; the
 *   signal's reason.
 */
export async function startVirtualMachine(program: string, configuration: VmConfiguration, log: string, signal?: AbortSignal): Promise<VirtualMachine> {
  signal?.throwIfAborted();
  await mkdir(dirname(configuration.qmpSocket), { recursive: true, mode: 0o700 });
  await rm(configuration.bootLog, { force: true });
  const listening = watchForFile(configuration.bootLog, signal);
  let machine: ChildMachine | undefined;
  try {
    machine = await spawnQemu(program, configuration, log);
    const early = await Promise.race([listening.appeared, machine.ended]);
    if (early) {
      const words = (await readFile(log, 'utf8')).trim().split('\n').slice(-3).join(' ');
      throw new BerthError('VmFailed', `QEMU could not start the virtual machine: ${words || describeEnd(early)}.`, { data: { log } });
    }
    machine.noticeListening();
    return machine;
  } catch (error) {
    await machine?.kill();
    throw error;
  } finally {
    listening.close();
  }
}

/**
 * Takes charge of a VM that an earlier host started.
 * @param pid as found by the VM's command line ({@link qmpChardev}); undefined answers mean that it has ended since
 * @throws BerthError VmFailed when it does not answer; it is ended then, as nobody could do that later.
 */
export async function adoptVirtualMachine(pid: number, qmpSocket: string, limitMilliseconds: number): Promise<VirtualMachine | undefined> {
  try {
    const machine = new AdoptedMachine(pid, qmpSocket, await QmpClient.connect(qmpSocket, limitMilliseconds));
    // Now it is known whether it is paused.
    await machine.answers();
    return machine;
  } catch (error) {
    if (!(await isRunning(pid, qmpChardev(qmpSocket)))) return undefined;
    await killProcess(pid, qmpChardev(qmpSocket));
    throw new BerthError('VmFailed', 'The virtual machine did not answer any more and was ended. Start the container again.', { cause: error });
  }
}

/** The end in words that follow a colon, such as “it was ended by SIGKILL”. */
export function describeEnd(end: VmEnd): string {
  if (end.outOfMemory) return 'this machine ran out of memory and its kernel killed it. Close other programs, or give containers less memory';
  if (end.signal !== undefined) return `it was ended by ${end.signal}`;
  if (end.reason === 'host-signal') return 'a signal ended it';
  if (end.code !== undefined) return `it ended with status ${end.code}`;
  // Who is killed has no time to tell; all else that ends QEMU it tells.
  return end.reason === undefined ? 'it was killed' : 'it ended';
}

/**
 * Resolves with undefined when the file has been created. The watch stands when this returns.
 * @param signal rejects with its reason
 */
function watchForFile(path: string, signal: AbortSignal | undefined): { readonly appeared: Promise<undefined>; close(): void } {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const unwatch = watchOrLook(path, () => resolve(undefined));
  const giveUp = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', giveUp, { once: true });
  if (signal?.aborted) giveUp();
  promise.catch(() => undefined); // Whoever waits still learns it; this only keeps an early failure from being unhandled.
  return {
    appeared: promise,
    close: () => {
      signal?.removeEventListener('abort', giveUp);
      unwatch();
    },
  };
}

/** Where the system gives out no more watchers (editors and builds may have them all), it looks again and again instead. */
function watchOrLook(path: string, onAppeared: () => void): () => void {
  try {
    const watcher = watch(dirname(path), (_event, changed) => {
      if (changed === basename(path)) onAppeared();
    });
    watcher.on('error', () => existsSync(path) && onAppeared());
    return () => watcher.close();
  } catch {
    const timer = setInterval(() => existsSync(path) && onAppeared(), lookAgainMilliseconds);
    return () => clearInterval(timer);
  }
}

async function spawnQemu(program: string, configuration: VmConfiguration, log: string): Promise<ChildMachine> {
  await rm(log, { force: true });
  const output = await open(log, 'a', 0o600);
  try {
    const child = spawn(program, qemuArguments(configuration), { cwd: '/', detached: true, env: qemuEnvironment(), stdio: ['ignore', output.fd, output.fd] });
    // At once: a QEMU that ends in its first moments has ended before anything else here goes on.
    const machine = new ChildMachine(child, configuration.qmpSocket);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new BerthError('QemuMissing', `QEMU could not be run: ${program}. Install it again, or correct BERTH_QEMU.`, { cause: error })));
    });
    return machine;
  } finally {
    await output.close();
  }
}

/** QEMU gets nothing from our environment but what it needs to find its own files. */
function qemuEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LANG: 'C.UTF-8' };
}

/** What both kinds share: ending over QMP first, by a signal when that does not help. */
abstract class QemuMachine implements VirtualMachine {
  readonly pid: number;
  abstract readonly ended: Promise<VmEnd>;
  protected abstract readonly monitor: QmpMonitor;

  readonly #oomKillsBefore = oomKills();

  constructor(pid: number) {
    this.pid = pid;
  }

  /** What became of it, when it has ended and QEMU's last words were heard. */
  protected async endOf(code: number | undefined, signal: string | undefined): Promise<VmEnd> {
    const reason = this.monitor.shutdownReason;
    const wasKilled = signal === 'SIGKILL' || (code === undefined && signal === undefined && reason === undefined);
    const [before, now] = wasKilled ? await Promise.all([this.#oomKillsBefore, oomKills()]) : [];
    const outOfMemory = before !== undefined && now !== undefined && now > before;
    return { code, signal, reason, ...(outOfMemory && { outOfMemory }) };
  }

  get pause(): VmPause | undefined {
    return this.monitor.pause;
  }

  onPauseChanged(listener: () => void): void {
    this.monitor.onPauseChanged = listener;
  }

  answers(): Promise<void> {
    return this.monitor.execute('query-status');
  }

  nudge(): Promise<void> {
    return this.monitor.nudge();
  }

  resume(): Promise<void> {
    return this.monitor.execute('cont');
  }

  async quit(limitMilliseconds: number): Promise<void> {
    const limit = AbortSignal.timeout(limitMilliseconds);
    // Refused or torn off: then the limit decides. One that is frozen does not answer at all.
    this.monitor.execute('quit').catch(() => undefined);
    await Promise.race([this.ended, aborted(limit)]);
    if (limit.aborted) await this.kill();
  }

  async kill(): Promise<void> {
    await this.sendKill();
    await this.ended;
  }

  abstract release(): void;
  protected abstract sendKill(): Promise<void>;
}

class ChildMachine extends QemuMachine {
  readonly ended: Promise<VmEnd>;
  protected readonly monitor: QmpMonitor;
  readonly #child: ChildProcess;
  readonly #listens = Promise.withResolvers<void>();

  constructor(child: ChildProcess, qmpSocket: string) {
    super(child.pid ?? 0);
    this.#child = child;
    this.monitor = new QmpMonitor(this.#listens.promise.then(() => QmpClient.connect(qmpSocket, childAnswerMilliseconds)));
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#listens.reject(new BerthError('VmFailed', 'QEMU has ended.'));
        void this.monitor.drained().then(() => resolve(this.endOf(code ?? undefined, signal ?? undefined)));
      });
    });
  }

  /** From now on its sockets are there. */
  noticeListening(): void {
    this.#listens.resolve();
  }

  release(): void {
    this.monitor.close();
    this.#child.unref();
  }

  /** A child that has ended is not signalled: Node knows, and its process id cannot be recycled before that. */
  protected sendKill(): Promise<void> {
    this.#child.kill('SIGKILL');
    return Promise.resolve();
  }
}

class AdoptedMachine extends QemuMachine {
  readonly ended: Promise<VmEnd>;
  protected readonly monitor: QmpMonitor;
  readonly #proof: string;
  #released = false;

  constructor(pid: number, qmpSocket: string, qmp: QmpClient) {
    super(pid);
    this.#proof = qmpChardev(qmpSocket);
    this.monitor = new QmpMonitor(Promise.resolve(qmp));
    this.ended = this.#waitForEnd(qmp);
  }

  release(): void {
    this.#released = true;
    this.monitor.close();
  }

  /**
   * The kernel closes QEMU's sockets when QEMU dies; its process vanishes an instant later. Never settles for a VM that
   * was released.
   */
  async #waitForEnd(qmp: QmpClient): Promise<VmEnd> {
    await qmp.closed;
    if (this.#released) await new Promise(() => undefined);
    await processEnd(this.pid, this.#proof);
    return this.endOf(undefined, undefined);
  }

  protected async sendKill(): Promise<void> {
    await endProcess(this.pid, this.#proof);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
