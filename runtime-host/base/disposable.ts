/** Owns handles, processes, sockets and listeners, and disposes of them in reverse order, once. */
export class DisposableStack {
  #entries: (() => void | Promise<void>)[] = [];

  /** Adds a disposer; returns it so that it can be removed by calling {@link forget}. */
  add(dispose: () => void | Promise<void>): () => void | Promise<void> {
    this.#entries.push(dispose);
    return dispose;
  }

  forget(dispose: () => void | Promise<void>): void {
    this.#entries = this.#entries.filter((entry) => entry !== dispose);
  }

  /** Runs every disposer, even when one fails; rejects with an AggregateError of the failures. */
  async dispose(): Promise<void> {
    const entries = this.#entries.reverse();
    this.#entries = [];
    const failures: unknown[] = [];
    for (const entry of entries) {
      try {
        await entry();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Not everything could be disposed of.');
  }
}
