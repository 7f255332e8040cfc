import { BerthError } from '../../protocol/errors.ts';
import type { NetworkActivity, NetworkPolicy } from '../../protocol/networks.ts';
import type { ContainerInfo } from '../../protocol/types.ts';
import type { ContainerLifecycle } from '../containerLifecycle.ts';
import { notFound, type ContainerTable } from '../containerTable.ts';
import type { PolicyService } from '../interfaces.ts';
import type { RunNetworks } from './runNetworks.ts';

/** What containers may reach, and what they tried to. */
export class HostPolicyService implements PolicyService {
  readonly #table: ContainerTable;
  readonly #lifecycle: ContainerLifecycle;
  readonly #networks: RunNetworks;

  constructor(table: ContainerTable, lifecycle: ContainerLifecycle, networks: RunNetworks) {
    this.#table = table;
    this.#lifecycle = lifecycle;
    this.#networks = networks;
  }

  async activity(query: string): Promise<NetworkActivity[]> {
    return this.#networks.activity(this.#table.find(query));
  }

  async setPolicy(query: string, policy: NetworkPolicy): Promise<ContainerInfo> {
    const container = this.#table.find(query);
    await container.queue.run(async () => {
      if (container.removed) throw notFound(query);
      const { connection } = container.record;
      if (!connection || connection.networks.length === 0) throw new BerthError('InvalidArgument', `Container “${container.name}” has no network, so there is nothing to allow or deny. Create it anew with one.`, { data: { id: container.id } });
      await this.#lifecycle.update(container, { connection: { ...connection, policy } });
      await this.#networks.refresh(container);
    });
    return container.info();
  }
}
