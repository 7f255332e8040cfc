import type { BerthClient } from '../../runtime-host/client/index.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Connections } from '../../runtime-host/devcontainer/connections.ts';
import type { Services } from '../context.ts';

/** For each container the policy that its configuration had when it was last looked at. */
const policyKey = 'berth.policies';

/**
 * Gives a container the policy that its configuration has now, unless it had that when it was last opened here: then what
 * the user has allowed since stays.
 */
export async function applyPolicy({ context, log }: Services, client: BerthClient, container: ContainerInfo, { options: { policy } }: Connections): Promise<void> {
  const applied = JSON.stringify(policy ?? null);
  const known = context.workspaceState.get<Readonly<Record<string, string>>>(policyKey, {});
  const before = known[container.id];
  if (before === applied || (before === undefined && JSON.stringify(container.policy ?? null) === applied)) return;
  log.info(`“${container.name}” gets the network policy “${policy?.mode ?? 'open'}” of its configuration.`);
  await client.networks.setPolicy(container.id, policy ?? { mode: 'open' });
  await rememberPolicy(context.workspaceState, container.id, applied);
}

/** A container that has just been made has its configuration's policy. */
export async function policyWasApplied({ context }: Services, container: ContainerInfo, { options: { policy } }: Connections): Promise<void> {
  await rememberPolicy(context.workspaceState, container.id, JSON.stringify(policy ?? null));
}

async function rememberPolicy(memory: Services['context']['workspaceState'], id: string, applied: string): Promise<void> {
  // Of one window's folders there are few containers; those that are gone need not be told from others.
  const known = Object.entries(memory.get<Readonly<Record<string, string>>>(policyKey, {})).filter(([other]) => other !== id).slice(-20);
  await memory.update(policyKey, Object.fromEntries([...known, [id, applied]]));
}
