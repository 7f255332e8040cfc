import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessEvent } from '../../guest/attachment.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { RunContext } from './runContext.ts';

const retryMilliseconds = 1000;

type OutputEvent = ProcessEvent & { kind: 'output' };

/** Puts a first process's output into the container's log: all of it, once, whatever was stored before. */
export class OutputKeeper {
  readonly #context: RunContext;
  readonly #waits: (failure: BerthError | undefined) => void;
  /** Where each stream stood when what could not be stored was let go, so that its process can end. */
  readonly #dropped = { stdout: 0, stderr: 0 };
  #ending = false;

  /** @param waits hears that output cannot be stored and its process waits, and `undefined` when it can be again */
  constructor(context: RunContext, waits: (failure: BerthError | undefined) => void) {
    this.#context = context;
    this.#waits = waits;
  }

  /** What the guest need not keep any more. */
  get done(): { readonly stdout: number; readonly stderr: number } {
    const { stdout, stderr } = this.#context.output.offsets;
    return { stdout: Math.max(stdout, this.#dropped.stdout), stderr: Math.max(stderr, this.#dropped.stderr) };
  }

  /** From now on output that cannot be stored is dropped instead of waited for: the container is to end. */
  expectEnd(): void {
    this.#ending = true;
    this.#context.output.hurry();
  }

  /** When the log cannot be written the process waits, as it does for any reader that does not read. */
  async store(event: OutputEvent): Promise<void> {
    const { output, log, record } = this.#context;
    const stored = output.offsets[event.stream];
    const fresh = event.offset < stored ? event.data.subarray(stored - event.offset) : event.data;
    if (event.offset > stored) log.warn('Output of a container was lost.', { container: record.id, stream: event.stream, bytes: event.offset - stored });
    if (fresh.length === 0) return;
    const piece = { stream: event.stream, offset: Math.max(event.offset, stored), data: fresh };
    for (let tries = 0; !this.#ending; tries++) {
      try {
        await output.append(piece);
        if (tries > 0) this.#waits(undefined);
        return;
      } catch (error) {
        if (tries === 0) log.error('The output of a container cannot be stored; its process waits', error, { container: record.id });
        this.#waits(BerthError.from(error));
        await delay(retryMilliseconds);
      }
    }
    await output.append(piece).catch((error: unknown) => {
      log.error('The last output of a container was lost', error, { container: record.id });
      this.#dropped[event.stream] = event.offset + event.data.length;
    });
  }
}
