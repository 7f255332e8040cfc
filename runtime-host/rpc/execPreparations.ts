import { randomUUID } from 'node:crypto';
import { BerthError } from '../protocol/errors.ts';
import type { ExecOptions } from '../protocol/types.ts';

/** A process that was asked for and starts when its stream is opened. */
export interface ExecPreparation {
  readonly container: string;
  readonly process: ExecOptions;
}

/** Preparations that nobody has claimed yet. Each can be claimed once, and is forgotten after a while. */
export class ExecPreparations {
  readonly #entries = new Map<string, { readonly preparation: ExecPreparation; readonly timer: NodeJS.Timeout }>();
  readonly #lifeMilliseconds: number;

  constructor(lifeMilliseconds = 60_000) {
    this.#lifeMilliseconds = lifeMilliseconds;
  }

  /** Returns the id under which {@link claim} finds it. */
  prepare(preparation: ExecPreparation): string {
    const id = randomUUID();
    const timer = setTimeout(() => this.#entries.delete(id), this.#lifeMilliseconds).unref();
    this.#entries.set(id, { preparation, timer });
    return id;
  }

  /** @throws BerthError ExecNotFound when it was claimed before, is too old or never was. */
  claim(id: string): ExecPreparation {
    const entry = this.#entries.get(id);
    if (!entry) {
      throw new BerthError('ExecNotFound', 'The process to run was not prepared, was started before, or waited too long. Run the command again.', { data: { execId: id } });
    }
    clearTimeout(entry.timer);
    this.#entries.delete(id);
    return entry.preparation;
  }

  dispose(): void {
    for (const { timer } of this.#entries.values()) clearTimeout(timer);
    this.#entries.clear();
  }
}
