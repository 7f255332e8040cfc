import * as methods from '../protocol/methods.ts';
import type { NetworkActivity, NetworkInfo, NetworkPolicy, NetworkSpec } from '../protocol/networks.ts';
import type { ContainerInfo, PruneFilters, PruneResult } from '../protocol/types.ts';
import type { Requester } from './requester.ts';

/** network/…, and what a container may reach. */
export class NetworkRequests {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Answers with the one that exists when it is such as is wanted. */
  create(spec: NetworkSpec): Promise<NetworkInfo> {
    return this.#requester.sendWith(methods.NetworkCreateRequest, spec);
  }

  list(): Promise<NetworkInfo[]> {
    return this.#requester.send(methods.NetworkListRequest);
  }

  inspect(network: string): Promise<NetworkInfo> {
    return this.#requester.sendWith(methods.NetworkInspectRequest, { network });
  }

  /** With `force` it is no error when there is no such network. */
  async remove(network: string, options: { readonly force?: boolean } = {}): Promise<void> {
    await this.#requester.sendWith(methods.NetworkRemoveRequest, { network, ...options });
  }

  /** Removes those that no container refers to, but for the default one. */
  prune(filters: PruneFilters = {}): Promise<PruneResult> {
    return this.#requester.sendWith(methods.NetworkPruneRequest, filters);
  }

  /** What a container tried and was denied, and in learn mode what it used. */
  activity(container: string): Promise<NetworkActivity[]> {
    return this.#requester.sendWith(methods.ContainerActivityRequest, { container });
  }

  /** Takes effect at once, and for later starts. */
  setPolicy(container: string, policy: NetworkPolicy): Promise<ContainerInfo> {
    return this.#requester.sendWith(methods.ContainerPolicyRequest, { container, policy });
  }
}
