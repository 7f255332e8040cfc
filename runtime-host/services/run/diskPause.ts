import { statfs } from 'node:fs/promises';
import { BerthError } from '../../protocol/errors.ts';
import type { VirtualMachine, VmPause } from '../../vm/virtualMachine.ts';
import type { RunContext } from './runContext.ts';

const lookMilliseconds = 2000;
/** With less, the next write of the guest would fail at once. */
const enoughBytes = 4 * 1024 * 1024;
/** Quotas, and what else is wrong with a disk, do not show in its free space: so now and then it is simply tried. */
const looksBetweenTries = 15;
/** One that goes on and is paused again within this time has not gone on. */
const sameMilliseconds = 60_000;

/**
 * Watches over a VM that QEMU pauses because it cannot write to the VM's disk: nothing is lost while it waits. The user is
 * told which container waits and why, and it goes on by itself when there is room again.
 */
export class DiskPause {
  readonly #machine: VirtualMachine;
  readonly #context: RunContext;
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  #lastNotice = -Infinity;
  #pause: VmPause | undefined;
  #output: BerthError | undefined;

  constructor(machine: VirtualMachine, context: RunContext) {
    this.#machine = machine;
    this.#context = context;
    machine.onPauseChanged(() => this.#onChanged());
    this.#onChanged();
  }

  /** What whoever asks something of the container is told; undefined while its VM runs. */
  get reason(): BerthError | undefined {
    return this.#pause && pauseError(this.#context.record.name, this.#pause);
  }

  /** What keeps it from going on: a paused VM, or that its output cannot be stored. */
  get shown(): BerthError | undefined {
    return this.reason ?? (this.#output && outputError(this.#context.record.name, this.#output));
  }

  /** That its output cannot be stored, so that its first process waits; undefined when it can be again. */
  noteOutput(failure: BerthError | undefined): void {
    if (failure?.code === this.#output?.code) return;
    this.#output = failure;
    if (failure) this.#tell(outputError(this.#context.record.name, failure));
    this.#context.pauseChanged();
  }

  /** The machine has ended, or is somebody else's from now on. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pause = undefined;
    this.#machine.onPauseChanged(() => undefined);
  }

  #onChanged(): void {
    const { pause } = this.#machine;
    const was = this.#pause;
    this.#pause = pause;
    clearTimeout(this.#timer);
    if (pause) this.#look();
    if (pause?.isDiskFull === was?.isDiskFull && pause?.reason === was?.reason) return;
    const { log, record, pauseChanged } = this.#context;
    if (pause) this.#tell(pauseError(record.name, pause));
    else log.info('A paused container goes on.', { container: record.id });
    pauseChanged();
  }

  #tell(reason: BerthError): void {
    if (performance.now() - this.#lastNotice < sameMilliseconds) return;
    this.#lastNotice = performance.now();
    this.#context.log.error('A container waits', reason, { container: this.#context.record.id });
    this.#context.notify(reason.message);
  }

  #look(): void {
    this.#timer = setTimeout(() => {
      this.#tryToGoOn().catch((error: unknown) => {
        this.#context.log.warn('A paused container does not go on yet.', { container: this.#context.record.id, reason: String(error) });
        if (this.#pause) this.#look();
      });
    }, lookMilliseconds).unref();
  }

  async #tryToGoOn(): Promise<void> {
    this.#looks++;
    const { bavail, bsize } = await statfs(this.#context.paths.directory);
    const isTime = this.#looks % looksBetweenTries === 0;
    if (isTime || (this.#machine.pause?.isDiskFull && bavail * bsize >= enoughBytes)) await this.#machine.resume();
    else if (this.#pause) this.#look();
  }
}

function outputError(name: string, { code, message }: BerthError): BerthError {
  return new BerthError(code, `Container “${name}” waits, as its output cannot be stored: ${message}`);
}

/** How a container ended that was not to wait any longer. */
export function endedWhilePaused(name: string, { code }: BerthError): BerthError {
  return new BerthError(code, `Container “${name}” was ended while it was paused for its disk. What it had not written yet is lost.`);
}

/** For the user. */
export function pauseError(name: string, { isDiskFull, reason }: VmPause): BerthError {
  return isDiskFull
    ? new BerthError('DiskFull', `Container “${name}” is paused: the disk that holds Berth’s data is full. Free some space and it goes on by itself.`)
    : new BerthError('VmFailed', `Container “${name}” is paused: its disk cannot be written (${reason}). Mend that and it goes on by itself.`);
}
