import type { RequestingClient } from './method.ts';

interface Watch {
  stop(): void;
}

/** What each client watches, by the container's id; it ends with the client's connection. */
export class ClientWatches {
  readonly #watches = new WeakMap<RequestingClient, Map<string, Watch>>();

  /** In place of an earlier one of the same container. */
  add(client: RequestingClient, id: string, watch: Watch): void {
    const watches = this.#of(client);
    watches.get(id)?.stop();
    if (client.gone.aborted) watch.stop();
    else watches.set(id, watch);
  }

  /** One that is not watched is no error. */
  stop(client: RequestingClient, id: string): void {
    const watches = this.#of(client);
    watches.get(id)?.stop();
    watches.delete(id);
  }

  /** The container has ended. */
  ended(client: RequestingClient, id: string): void {
    this.#of(client).delete(id);
  }

  #of(client: RequestingClient): Map<string, Watch> {
    const existing = this.#watches.get(client);
    if (existing) return existing;
    const watches = new Map<string, Watch>();
    this.#watches.set(client, watches);
    client.gone.addEventListener('abort', () => {
      for (const watch of watches.values()) watch.stop();
      watches.clear();
    }, { once: true });
    return watches;
  }
}
