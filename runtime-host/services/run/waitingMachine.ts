import { BerthError } from '../../protocol/errors.ts';
import type { VirtualMachine } from '../../vm/virtualMachine.ts';
import { DiskPause, endedWhilePaused } from './diskPause.ts';
import type { RunContext } from './runContext.ts';

/**
 * A VM that a new host has found paused for its disk. Its guest answers nobody until there is room, so it cannot be
 * adopted yet; and it must not be ended, as it holds what it could not write.
 */
export class WaitingMachine {
  readonly machine: VirtualMachine;
  readonly #context: RunContext;
  readonly #pause: DiskPause;
  readonly #waitedFor: BerthError;
  readonly #goesOn = Promise.withResolvers<boolean>();

  constructor(machine: VirtualMachine, context: RunContext) {
    this.machine = machine;
    this.#context = context;
    this.#pause = new DiskPause(machine, { ...context, pauseChanged: () => this.#onChanged() });
    this.#waitedFor = this.reason;
    void machine.ended.then(() => {
      this.#pause.dispose();
      this.#goesOn.resolve(false);
    });
  }

  /** Settles when it goes on or has ended; answers whether it goes on. */
  get goesOn(): Promise<boolean> {
    return this.#goesOn.promise;
  }

  /** What whoever asks something of the container is told. */
  get reason(): BerthError {
    return this.#pause.reason ?? new BerthError('VmFailed', `Container “${this.#context.record.name}” was paused and is just going on. Try again.`);
  }

  /** How the container ended, when it did so while it waited. */
  get failure(): BerthError {
    return endedWhilePaused(this.#context.record.name, this.#waitedFor);
  }

  /** Ends it. */
  async end(): Promise<void> {
    await this.machine.quit(this.#context.limits.quit);
  }

  /** Lets go of it; it goes on waiting. */
  release(): void {
    this.#pause.dispose();
    this.machine.release();
  }

  #onChanged(): void {
    if (!this.machine.pause) {
      this.#pause.dispose();
      this.#goesOn.resolve(true);
    }
    this.#context.pauseChanged();
  }
}
