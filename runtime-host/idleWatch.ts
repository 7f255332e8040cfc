/** Calls back once nobody has been connected and nothing has run for a while. */
export class IdleWatch {
  #milliseconds: number;
  readonly #onIdle: () => void;
  #connections = 0;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  #disposed = false;

  /** Counts from now on. */
  constructor(seconds: number, onIdle: () => void) {
    this.#milliseconds = seconds * 1000;
    this.#onIdle = onIdle;
    this.#evaluate();
  }

  connectionsChanged(count: number): void {
    this.#connections = count;
    this.#evaluate();
  }

  /** How many containers are running, starting or stopping. */
  runningChanged(count: number): void {
    this.#running = count;
    this.#evaluate();
  }

  /** From now on a shorter time is enough. */
  shorten(seconds: number): void {
    this.#milliseconds = seconds * 1000;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#evaluate();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#disposed = true;
  }

  #evaluate(): void {
    const idle = !this.#disposed && this.#connections === 0 && this.#running === 0;
    if (!idle) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setTimeout(this.#onIdle, this.#milliseconds);
    }
  }
}
