/** Ends what makes no progress while somebody waits for its end. Who has nobody waiting may take all the time. */
export class StallWatch {
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  /** @param stalled called once at most */
  constructor(awaited: AbortSignal, milliseconds: number, stalled: () => void) {
    const begin = (): void => {
      if (!this.#over) this.#timer = setTimeout(stalled, milliseconds);
    };
    if (awaited.aborted) begin();
    else awaited.addEventListener('abort', begin, { once: true });
  }

  readonly moved = (): void => {
    this.#timer?.refresh();
  };

  end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
