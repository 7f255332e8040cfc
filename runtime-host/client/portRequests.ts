import * as methods from '../protocol/methods.ts';
import type { ForwardedPort, Listener } from '../protocol/networks.ts';
import type { Requester, RequestOptions } from './requester.ts';

/** port/…: ports of the host that lead into running containers at a client's wish. */
export class PortRequests {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Without `hostPort` any that is free. Until `stopForward`, or the end of the container's run. */
  forward(container: string, containerPort: number, options: RequestOptions & { readonly hostPort?: number; readonly hostAddress?: string } = {}): Promise<ForwardedPort> {
    const { signal, ...rest } = options;
    return this.#requester.sendWith(methods.PortForwardRequest, { container, containerPort, ...rest }, signal && { signal });
  }

  async stopForward(container: string, hostPort: number, options: { readonly hostAddress?: string } = {}): Promise<void> {
    await this.#requester.sendWith(methods.PortStopForwardRequest, { container, hostPort, ...options });
  }

  /** What listens in a running container; changes come to `onListenersDidChange` from now on. */
  watchListeners(container: string, options?: RequestOptions): Promise<Listener[]> {
    return this.#requester.sendWith(methods.ListenersWatchRequest, { container }, options);
  }

  async unwatchListeners(container: string): Promise<void> {
    await this.#requester.sendWith(methods.ListenersUnwatchRequest, { container });
  }
}
