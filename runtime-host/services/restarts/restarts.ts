import type { Logger } from '../../base/log.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { Container } from '../container.ts';
import { restartDelay } from './restartPolicy.ts';

/** With the growing waits between them these take somewhat less than two minutes. */
const mostFailedStarts = 10;

export interface RestartsOptions {
  readonly log: Logger;
  readonly start: (container: Container, restartCount: number) => Promise<void>;
  /** Notes that it is not tried any more. */
  readonly giveUp: (container: Container, reason: BerthError, restartCount: number) => Promise<void>;
  /** Tells the clients. */
  readonly changed: (container: Container) => void;
}

/**
 * Starts containers again when their policy says so. Each has at most one restart pending. One that cannot be started is
 * tried again for a while: what is missing may come back, a full disk for instance; but it does not keep the host up for ever.
 */
export class Restarts {
  readonly #options: RestartsOptions;
  readonly #lastDelays = new WeakMap<Container, number>();
  /** How many restarts since the last run could not be made. They count as restarts, and as runs without length. */
  readonly #failedStarts = new WeakMap<Container, number>();
  readonly #held = new WeakSet<Container>();
  #state: 'adopting' | 'working' | 'disposed' = 'adopting';

  constructor(options: RestartsOptions) {
    this.#options = options;
  }

  /** To be called once all containers are adopted: nothing is started while it is still being found out what runs. */
  begin(containers: Iterable<Container>): void {
    this.#state = 'working';
    for (const container of containers) if (container.state === 'stopped') this.consider(container);
  }

  /** To be called when a container has stopped, for whatever reason, and its record says so. */
  consider(container: Container): void {
    const { record } = container;
    if (this.#state !== 'working' || this.#held.has(container) || container.removed || container.active || container.pendingRestart || record.removeOnExit) return;
    const failedStarts = this.#failedStarts.get(container) ?? 0;
    if (failedStarts >= mostFailedStarts) return;
    const delay = restartDelay(record.restart, {
      exitCode: record.error ? undefined : record.exitCode,
      ranMilliseconds: failedStarts > 0 ? 0 : Date.parse(record.finishedAt ?? '') - Date.parse(record.startedAt ?? ''),
      stoppedByUser: record.stoppedByUser ?? false,
      restartCount: (record.restartCount ?? 0) + failedStarts,
      lastDelay: this.#lastDelays.get(container),
    });
    if (delay === undefined) return;
    this.#lastDelays.set(container, delay);
    container.pendingRestart = setTimeout(() => void this.#restart(container), delay);
    this.#options.changed(container);
  }

  /** What was pending is not any more. Answers whether something was. */
  cancel(container: Container): boolean {
    if (!container.pendingRestart) return false;
    clearTimeout(container.pendingRestart);
    container.pendingRestart = undefined;
    return true;
  }

  /**
   * Somebody starts it: what happened before does not count, and until `start` has settled nothing is pending. When it
   * fails, the policy still wants what it wanted before.
   */
  async startedByUser<Result>(container: Container, start: () => Promise<Result>): Promise<Result> {
    this.cancel(container);
    this.#held.add(container);
    try {
      const result = await start();
      this.#lastDelays.delete(container);
      this.#failedStarts.delete(container);
      return result;
    } finally {
      this.#held.delete(container);
      // One that has never run has no end that a policy could be asked about.
      if (container.state === 'stopped') this.consider(container);
    }
  }

  /** Nothing is restarted by this host any more; the next one looks again. */
  dispose(containers: Iterable<Container>): void {
    this.#state = 'disposed';
    for (const container of containers) this.cancel(container);
  }

  async #restart(container: Container): Promise<void> {
    const { log, start, giveUp } = this.#options;
    await container.queue.run(async () => {
      // Whoever was before us in the queue may have stopped, started or removed it.
      if (!this.cancel(container) || container.removed || container.active) return;
      const failedStarts = this.#failedStarts.get(container) ?? 0;
      const restartCount = (container.record.restartCount ?? 0) + failedStarts + 1;
      log.info('A container starts again, as its restart policy says.', { container: container.id, restartCount });
      try {
        await start(container, restartCount);
        this.#failedStarts.delete(container);
      } catch (error) {
        if (this.#state === 'disposed') return;
        log.error('A container could not be started again', error, { container: container.id });
        this.#failedStarts.set(container, failedStarts + 1);
        this.consider(container);
        if (!container.pendingRestart) await giveUp(container, BerthError.from(error), restartCount);
      }
    });
  }
}
