import { setTimeout as delay } from 'node:timers/promises';

export interface SamplerOptions<Sample> {
  readonly take: () => Promise<Sample>;
  /** Whether listeners have to hear of it. */
  readonly isNews: (sample: Sample, before: Sample) => boolean;
  /** Whether it is worth going on after a sample that could not be taken. */
  readonly mayGoOn: () => boolean;
  readonly intervalMilliseconds: number;
}

/** Takes samples for as long as somebody listens, the same for all who do. */
export class Sampler<Sample> {
  /** Settles when no more samples are taken. Never rejects. */
  readonly ended: Promise<void>;
  readonly #options: SamplerOptions<Sample>;
  readonly #listeners = new Set<(sample: Sample | undefined) => void>();
  readonly #end = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  #latest: Sample | undefined;

  constructor(options: SamplerOptions<Sample>) {
    this.#options = options;
    this.#first.promise.catch(() => undefined); // Whoever waits for it hears of it.
    this.ended = this.#run();
  }

  get idle(): boolean {
    return this.#listeners.size === 0;
  }

  /**
   * Answers with what was sampled last; `changed` hears of what comes, and of the end as undefined.
   * @throws what was thrown when there is no sample at all
   */
  async add(changed: (sample: Sample | undefined) => void): Promise<Sample> {
    this.#listeners.add(changed);
    await this.#first.promise;
    return this.#latest as Sample;
  }

  remove(changed: (sample: Sample | undefined) => void): void {
    this.#listeners.delete(changed);
  }

  end(): void {
    this.#end.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      try {
        await this.#sample();
      } catch (error) {
        this.#first.reject(error);
        if (this.#latest === undefined || !this.#options.mayGoOn()) break;
      }
      await delay(this.#options.intervalMilliseconds, undefined, { signal, ref: false }).catch(() => undefined); // Only the end wakes it early.
    }
    this.#end.abort();
    // Those who got no first sample have got the error instead.
    if (this.#latest !== undefined) for (const changed of this.#listeners) changed(undefined);
    this.#listeners.clear();
  }

  async #sample(): Promise<void> {
    const sample = await this.#options.take();
    const before = this.#latest;
    this.#latest = sample;
    this.#first.resolve();
    if (before === undefined || this.#end.signal.aborted || !this.#options.isNews(sample, before)) return;
    for (const changed of this.#listeners) changed(sample);
  }
}
