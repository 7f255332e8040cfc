import type { Logger } from '../../base/log.ts';
import type { ForwardedPort, Listener } from '../../protocol/networks.ts';
import type { Container } from '../container.ts';
import type { ContainerRun } from '../run/containerRun.ts';
import type { ContainerTable } from '../containerTable.ts';
import { ListenerWatches, type ListenersChanged } from './listenerWatches.ts';
import { PortForwards, type ForwardRequest } from './portForwards.ts';

/** What clients ask for about the ports of running containers. */
export interface Connections {
  /** @throws BerthError ContainerNotFound, ContainerNotRunning, PortInUse, InvalidArgument */
  forward(container: string, request: ForwardRequest): Promise<ForwardedPort>;
  /** @throws BerthError ContainerNotFound, InvalidArgument */
  stopForward(container: string, hostPort: number, hostAddress?: string): Promise<void>;
  /** @throws BerthError ContainerNotFound, ContainerNotRunning, GuestFailed */
  watchListeners(container: string, changed: (id: string, listeners: readonly Listener[] | undefined) => void): Promise<ListenerWatch>;
}

export interface ListenerWatch {
  readonly id: string;
  readonly listeners: readonly Listener[];
  stop(): void;
}

/** Forwards and watches last until the container, or this host, ends: the next host knows nothing of them. */
export class ConnectionService implements Connections {
  readonly #table: ContainerTable;
  readonly #forwards: PortForwards;
  readonly #watches: ListenerWatches;
  /** Runs whose end is waited for. */
  readonly #followed = new WeakSet<ContainerRun>();

  constructor(table: ContainerTable, log: Logger) {
    this.#table = table;
    this.#forwards = new PortForwards(log);
    this.#watches = new ListenerWatches(log);
    table.onDispose(() => {
      this.#forwards.dispose();
      this.#watches.dispose();
    });
  }

  async forward(query: string, request: ForwardRequest): Promise<ForwardedPort> {
    const { container, run } = this.#table.running(query);
    this.#follow(container, run);
    const { id, name } = container;
    const forward = await this.#forwards.forward({ id, name, guest: run.guest }, request);
    if (container.run !== run || run.over) this.#forwards.ended(id); // It has ended meanwhile.
    this.#show(container);
    return forward;
  }

  async stopForward(query: string, hostPort: number, hostAddress?: string): Promise<void> {
    const container = this.#table.find(query);
    this.#forwards.stop(container, hostPort, hostAddress);
    this.#show(container);
  }

  async watchListeners(query: string, changed: (id: string, listeners: readonly Listener[] | undefined) => void): Promise<ListenerWatch> {
    const { container, run } = this.#table.running(query);
    this.#follow(container, run);
    const { id } = container;
    const notify: ListenersChanged = (listeners) => changed(id, listeners);
    const listeners = await this.#watches.watch(id, run.guest, notify);
    return { id, listeners, stop: () => this.#watches.unwatch(id, notify) };
  }

  #follow(container: Container, run: ContainerRun): void {
    if (this.#followed.has(run)) return;
    this.#followed.add(run);
    void run.exited.then(() => {
      this.#forwards.ended(container.id);
      this.#watches.ended(container.id);
      container.forwards = [];
    });
  }

  #show(container: Container): void {
    container.forwards = this.#forwards.of(container.id);
    if (!container.removed) this.#table.changed(container);
  }
}
