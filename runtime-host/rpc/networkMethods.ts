import { ContainerActivityRequest, ContainerPolicyRequest, NetworkCreateRequest, NetworkInspectRequest, NetworkListRequest, NetworkPruneRequest, NetworkRemoveRequest } from '../protocol/methods.ts';
import { define, define0 } from './method.ts';
import type { Method } from './method.ts';
import { containerPolicy, networkCreate, networkParams, networkRemove } from './networkSchema.ts';
import { containerParams, prune } from './schemas.ts';

/** network/…, and what containers may reach. */
export const networkMethods: readonly Method[] = [
  define(NetworkCreateRequest, networkCreate, (spec, { services }) => services.networks.create(spec)),

  define0(NetworkListRequest, ({ services }) => services.networks.list()),

  define(NetworkInspectRequest, networkParams, ({ network }, { services }) => services.networks.inspect(network)),

  define(NetworkRemoveRequest, networkRemove, async ({ network, ...options }, { services }) => {
    await services.networks.remove(network, options);
    return null;
  }),

  define(NetworkPruneRequest, prune, (filters, { services }) => services.networks.prune(filters)),

  define(ContainerActivityRequest, containerParams, ({ container }, { services }) => services.policies.activity(container)),

  define(ContainerPolicyRequest, containerPolicy, ({ container, policy }, { services }) => services.policies.setPolicy(container, policy)),
];
