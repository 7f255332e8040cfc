import type { Logger } from '../../base/log.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { Listener } from '../../protocol/networks.ts';
import type { GuestConnections } from './guestConnections.ts';

/** Hears of the sockets that wait for connections in a container; `undefined` once that has ended. */
export type ListenersChanged = (listeners: readonly Listener[] | undefined) => void;

/** Lets clients watch the listeners in running containers: one stream from each guest, while somebody watches. */
export class ListenerWatches {
  readonly #watches = new Map<string, ContainerWatch>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Answers with those that there are; `changed` hears of others until {@link unwatch} or the container's end.
   * @throws BerthError when the guest cannot tell
   */
  async watch(container: string, guest: GuestConnections, changed: ListenersChanged): Promise<readonly Listener[]> {
    let watch = this.#watches.get(container);
    if (!watch) {
      watch = new ContainerWatch(guest);
      this.#watches.set(container, watch);
      const begun = watch;
      void begun.ended.then((error) => {
        if (error !== undefined) this.#log.info('The listeners in a container are not watched any more', { container, reason: String(error) });
        if (this.#watches.get(container) === begun) this.#watches.delete(container);
      });
    }
    return watch.add(changed);
  }

  /** One that does not watch is no error. */
  unwatch(container: string, changed: ListenersChanged): void {
    const watch = this.#watches.get(container);
    watch?.remove(changed);
    if (watch?.idle) this.ended(container);
  }

  /** The container has ended. */
  ended(container: string): void {
    this.#watches.get(container)?.end();
    this.#watches.delete(container);
  }

  dispose(): void {
    for (const container of this.#watches.keys()) this.ended(container);
  }
}

class ContainerWatch {
  /** Settles when the guest tells nothing more, with the reason when that was not {@link end}. Never rejects. */
  readonly ended: Promise<unknown>;
  readonly #changed = new Set<ListenersChanged>();
  readonly #end = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  #listeners: readonly Listener[] = [];

  constructor(guest: GuestConnections) {
    this.#first.promise.catch(() => undefined); // Whoever waits for it hears of it.
    this.ended = this.#follow(guest);
  }

  get idle(): boolean {
    return this.#changed.size === 0;
  }

  async add(changed: ListenersChanged): Promise<readonly Listener[]> {
    this.#changed.add(changed);
    await this.#first.promise;
    return this.#listeners;
  }

  remove(changed: ListenersChanged): void {
    this.#changed.delete(changed);
  }

  end(): void {
    this.#end.abort();
  }

  async #follow(guest: GuestConnections): Promise<unknown> {
    let reason: unknown;
    let isFirst = true;
    try {
      for await (const listeners of guest.listeners(this.#end.signal)) {
        this.#listeners = listeners;
        // The first is the answer of those that wait for it.
        if (!isFirst) for (const changed of this.#changed) changed(listeners);
        isFirst = false;
        this.#first.resolve();
      }
      reason = ended();
    } catch (error) {
      reason = error;
    }
    if (this.#end.signal.aborted) reason = undefined;
    if (isFirst) this.#changed.clear();
    this.#first.reject(reason ?? ended());
    for (const changed of this.#changed) changed(undefined);
    this.#changed.clear();
    return reason;
  }
}

function ended(): BerthError {
  return new BerthError('ContainerNotRunning', 'The container has ended.');
}
