import { BerthError } from '../../protocol/errors.ts';
import { GuestClient } from '../../guest/guestClient.ts';
import type { GuestContainer, GuestProcess } from '../../guest/guestContainer.ts';
import type { ProcessAttachment } from '../../guest/attachment.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import { startVirtualMachine, type VirtualMachine } from '../../vm/virtualMachine.ts';
import { limitConsole } from './consoleLimit.ts';
import { DiskPause, endedWhilePaused, pauseError } from './diskPause.ts';
import type { ProcessExit } from '../interfaces.ts';
import { environmentOf } from '../specification/containerSpec.ts';
import { checkOpenedShares } from './openedShares.ts';
import type { RunNetwork } from '../networks/runNetwork.ts';
import { OutputKeeper } from './outputKeeper.ts';
import type { RunContext, RunSurroundings } from './runContext.ts';
import { explain, withLimit } from './runFailure.ts';
import { guestVolumes, mayFill, sharesOf, vmVolumes, writesOutside, type RunStorage } from './runStorage.ts';
import { shareOwner } from '../specification/shareOwner.ts';
import type { VmBasis } from './vmPlatform.ts';
import { guestWorld, rightsOf, type GuestRights } from '../specification/worldSpec.ts';

/** How a run ended: by its first process, or because its VM failed. */
export type RunEnd = ProcessExit | { readonly error: BerthError };

/** Names the first process towards vminitd. */
export const firstProcess = 'init';
/** Begins the names of processes that are hung up when their client goes, which the next host must still know. */
export const hangUpPrefix = 'hangup-';

/** Begins the names of sessions' processes (sessions/), which the next host takes over. */
export const sessionPrefix = 'session-';

/** What a run is made of. */
export interface RunMeans {
  readonly basis: VmBasis;
  readonly storage: RunStorage;
  /** Absent: it has none. */
  readonly network: RunNetwork | undefined;
  readonly surroundings: RunSurroundings;
  /** Mounts the directories that can be taken away. */
  readonly prepareShares: (guest: GuestClient, signal: AbortSignal) => Promise<void>;
}

/** Boots a VM and starts the container's first process in it. When that fails nothing of it runs any more. */
export function startRun(context: RunContext, means: RunMeans, signal?: AbortSignal): Promise<ContainerRun> {
  return withLimit(context.limits.boot, 'boot', (boot) => bootRun(context, means, boot, signal));
}

async function bootRun(context: RunContext, { basis, storage, network, surroundings, prepareShares }: RunMeans, boot: AbortSignal, signal: AbortSignal | undefined): Promise<ContainerRun> {
  const { record, paths, limits } = context;
  const paused = new AbortController();
  const within = (given: AbortSignal): AbortSignal => AbortSignal.any([given, paused.signal, ...(signal ? [signal] : [])]);
  const limit = within(boot);
  const machine = await startVirtualMachine(basis.qemu.program, vmConfiguration(context, basis, storage, { withLive: true, network }), paths.qemuLog, limit).catch(async (error: unknown) => {
    throw await explain(error, context);
  });
  machine.onPauseChanged(() => machine.pause && paused.abort(pauseError(record.name, machine.pause)));
  const opened = context.output.open('new');
  let guest: GuestClient | undefined;
  try {
    const linked = network && machine.answers().then(() => network.link());
    [{ guest }] = await Promise.all([GuestClient.connect(paths.controlSocket, context.hostVersion, { signal: limit, answerMilliseconds: limits.answer }), opened, linked]);
    await Promise.all([checkOpenedShares(machine.pid, record.mounts.filter(({ revocable }) => !revocable).map(({ source }) => source)), surroundings.prepare(guest), prepareShares(guest, limit)]);
    const container = {
      ...(await guestContainer(record, storage, true)),
      ...(network?.guest ?? withoutNetwork),
      certificates: surroundings.certificates,
      process: { ...guestProcess(firstProcess, { ...record, env: environmentOf(record) }, rightsOf(record.world)), init: record.world?.init ?? false },
    };
    const connected = guest;
    await (mayFill(storage)
      ? withLimit(limits.fill, 'fill its volumes', (fill) => connected.startContainer(container, within(fill)))
      : connected.startContainer(container, limit));
    return new ContainerRun(context, machine, guest);
  } catch (error) {
    const reason = await explain(error, context, machine);
    guest?.close();
    await machine.kill();
    await opened.catch(() => undefined); // If that was the reason, it is told already.
    await context.output.close();
    throw reason;
  }
}

/** One life of a container: its VM from the start of the first process until the VM is gone. */
export class ContainerRun {
  readonly machine: VirtualMachine;
  readonly guest: GuestClient;
  /** The first process's input, shared by all who are attached. */
  readonly input: ProcessAttachment;
  /** Settles when the first process has ended and its output is stored; the VM may still be ending. Never rejects. */
  readonly exited: Promise<RunEnd>;
  /** Of a run that was adopted: the sessions' processes that were found in it. */
  readonly foundSessions: readonly string[] | undefined;
  /** Settles when the VM is gone as well. Never rejects; never settles after {@link release}. */
  readonly finished: Promise<RunEnd>;
  readonly #context: RunContext;
  readonly #keeper: OutputKeeper;
  readonly #pause: DiskPause;
  readonly #freeConsole: () => void;
  #released = false;
  #givenUp: BerthError | undefined;
  #over = false;

  constructor(context: RunContext, machine: VirtualMachine, guest: GuestClient, foundSessions?: readonly string[]) {
    this.#context = context;
    this.foundSessions = foundSessions;
    this.machine = machine;
    this.guest = guest;
    const { stdout, stderr } = context.output.offsets;
    this.input = guest.attach({ processId: firstProcess, stdoutOffset: stdout, stderrOffset: stderr, acknowledges: true });
    this.#pause = new DiskPause(machine, context);
    this.#keeper = new OutputKeeper(context, (failure) => this.#pause.noteOutput(failure));
    this.#freeConsole = limitConsole(context);
    // What can never run again need not wait for anybody.
    void machine.ended.then(() => this.expectEnd());
    this.exited = this.#watch();
    this.finished = this.#finish();
  }

  /** Whether the first process, or the VM, has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Why the VM is paused; undefined while it runs. */
  get paused(): BerthError | undefined {
    return this.#pause.reason;
  }

  /** Why the container does not go on: a paused VM, or output that cannot be stored. */
  get waitsFor(): BerthError | undefined {
    return this.#pause.shown;
  }

  /**
   * Answers whether the first process can notice the signal at all.
   * @throws BerthError why the VM is paused, ContainerNotRunning, GuestFailed
   */
  async signal(signal: number): Promise<boolean> {
    if (this.paused) throw this.paused;
    return this.explained(this.guest.signal(firstProcess, signal));
  }

  /** What a call to the guest answers. Where the connection ended first, it throws how the container ended. */
  async explained<Answer>(answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer;
    } catch (error) {
      const { code } = BerthError.from(error);
      if (this.paused && code === 'GuestFailed') throw this.paused;
      const isLost = code === 'GuestFailed' && !this.guest.connected && !this.#released;
      if (code !== 'ContainerNotRunning' && !isLost) throw error;
      const end = isLost ? await this.exited : undefined;
      if (end && 'error' in end) throw end.error;
      throw new BerthError('ContainerNotRunning', `Container “${this.#context.record.name}” has ended.`, { cause: error });
    }
  }

  /** From now on output that cannot be stored is dropped instead of waited for: the container is to end. */
  expectEnd(): void {
    this.#keeper.expectEnd();
  }

  /** Ends a VM whose guest does not obey, or cannot; that is then how the container ended. */
  async giveUp(): Promise<void> {
    const { name } = this.#context.record;
    this.#givenUp = this.paused
      ? endedWhilePaused(name, this.paused)
      : new BerthError('VmFailed', `The virtual machine of container “${name}” did not answer any more and was ended. Start the container again.`);
    await this.machine.quit(this.#context.limits.quit);
  }

  /** Keeps a process going whose client is gone. */
  discardOutput(processId: string): void {
    void this.#discard(processId).catch((error: unknown) => {
      if (!this.#released) this.#context.log.info('An abandoned process is not watched any more.', { container: this.#context.record.id, processId, reason: String(error) });
    });
  }

  /** The same, and lets it know: its client is gone for good. */
  abandon(processId: string, signal: number): void {
    this.guest.signal(processId, signal).catch(() => undefined); // It may have ended by itself.
    this.discardOutput(processId);
  }

  /** Lets go of the VM without ending it; but one whose end has begun is not disturbed: then {@link finished} settles. */
  async release(): Promise<void> {
    if (this.#over) {
      await this.finished;
      return;
    }
    this.#released = true;
    this.#pause.dispose();
    this.#freeConsole();
    this.guest.close();
    this.machine.release();
    await this.#context.output.close();
  }

  async #discard(processId: string): Promise<void> {
    const attachment = this.guest.attach({ processId, acknowledges: true });
    const seen = { stdout: 0, stderr: 0 };
    for await (const event of attachment) {
      if (event.kind !== 'output') continue;
      seen[event.stream] = event.offset + event.data.length;
      attachment.acknowledge(seen.stdout, seen.stderr);
    }
    await this.guest.release(processId);
  }

  async #watch(): Promise<RunEnd> {
    try {
      for await (const event of this.input) {
        if (event.kind === 'exit') {
          this.#over = true;
          return { exitCode: event.code, ...(event.containerOomKills > 0 && { oomKilled: true }) };
        }
        await this.#keeper.store(event);
        const { stdout, stderr } = this.#keeper.done;
        this.input.acknowledge(stdout, stderr);
      }
      throw new BerthError('GuestFailed', 'The virtual machine’s init ended the connection.');
    } catch (error) {
      if (this.#released) return new Promise<never>(() => undefined);
      this.#over = true;
      const reason = await explain(error, this.#context, this.machine);
      return { error: this.#givenUp ?? reason };
    }
  }

  async #finish(): Promise<RunEnd> {
    const end = await this.exited;
    const { record, output, log, limits } = this.#context;
    const keepDisk = !record.removeOnExit;
    if (keepDisk || writesOutside(record)) {
      await this.#shutdownGuest(end);
    }
    this.guest.close();
    await (keepDisk ? this.machine.quit(limits.quit) : this.machine.kill()).catch((error: unknown) => log.error('A virtual machine could not be ended', error, { container: record.id }));
    this.#pause.dispose();
    this.#freeConsole();
    await output.close().catch((error: unknown) => log.error('A container’s log could not be closed', error, { container: record.id }));
    return end;
  }

  /** Writes back what the guest still holds. A guest that has failed has nothing to say any more. */
  async #shutdownGuest(end: RunEnd): Promise<void> {
    if ('error' in end) return;
    try {
      await withLimit(this.#context.limits.shutdown, 'shut down', (signal) => this.guest.shutdown(signal));
    } catch (error) {
      this.#context.log.error('A virtual machine did not shut down in order', error, { container: this.#context.record.id });
    }
  }
}

/** Of a container from before there were networks. */
const withoutNetwork: RunNetwork['guest'] = { resolver: { servers: [] } };

/** What vminitd is told about a process, from a container's record or from a request that has the same members. */
export function guestProcess(id: string, from: Pick<ContainerRecord, 'arguments' | 'env' | 'workingDirectory' | 'user' | 'terminal' | 'stdin' | 'size'>, rights: GuestRights): GuestProcess {
  return {
    id,
    ...rights,
    arguments: from.arguments,
    environment: from.env,
    workingDirectory: from.workingDirectory,
    user: from.user,
    terminal: from.terminal,
    stdin: from.stdin,
    ...(from.size ? { size: from.size } : {}),
  };
}

/** What vminitd is told about a container beside its process. */
export async function guestContainer(record: ContainerRecord, storage: RunStorage, withLive: boolean): Promise<Omit<GuestContainer, 'process'>> {
  return {
    rootDevice: '/dev/vda',
    hostname: record.world?.hostname ?? record.id.slice(0, 12),
    shares: await Promise.all(sharesOf(record, storage, withLive).map(async ({ tag, directory, target, readOnly, live }) => ({ tag, target, readOnly, live, owner: await shareOwner(directory) }))),
    volumes: guestVolumes(storage.volumes),
    world: guestWorld(record.world),
  };
}

/** The VM of a container. */
export function vmConfiguration({ record, paths }: RunContext, basis: VmBasis, storage: RunStorage, { withLive, network }: { readonly withLive: boolean; readonly network?: RunNetwork | undefined }): Parameters<typeof startVirtualMachine>[1] {
  return {
    id: record.id,
    architecture: basis.architecture,
    accelerator: basis.accelerator,
    qemuVersion: basis.qemu.version,
    cpus: record.cpus,
    memoryBytes: record.memoryBytes,
    kernel: record.kernel ?? basis.assets.kernel,
    initramfs: basis.assets.initramfs,
    ...(basis.tscKilohertz === undefined ? {} : { tscKilohertz: basis.tscKilohertz }),
    bootLog: paths.bootLog,
    qmpSocket: paths.qmpSocket,
    controlSocket: paths.controlSocket,
    disk: { overlay: paths.overlay, image: storage.image },
    volumes: vmVolumes(storage.volumes),
    interfaces: network?.interfaces ?? [],
    shares: sharesOf(record, storage, withLive).filter(({ live }) => !live).map(({ tag, directory, readOnly }) => ({ tag, directory, readOnly })),
  };
}
