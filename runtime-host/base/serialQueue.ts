/** Runs tasks one after the other, in the order in which they were given. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();
  #newest: AbortController | undefined;

  /** @param task its signal fires as soon as somebody waits for its end */
  run<Result>(task: (awaited: AbortSignal) => Promise<Result>): Promise<Result> {
    this.#newest?.abort(somebodyWaits);
    const { signal } = (this.#newest = new AbortController());
    const begin = (): Promise<Result> => task(signal);
    const result = this.#last.then(begin, begin);
    this.#last = result.catch(() => undefined); // Its caller learns of the failure; the next task does not depend on it.
    return result;
  }
}

/** No error: nobody is to stop because of it. */
const somebodyWaits = 'somebody waits';
