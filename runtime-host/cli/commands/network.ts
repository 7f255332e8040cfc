import type { Command } from 'commander';
import { addNetworkActivity } from './networkActivity.ts';
import { addNetworkCreate } from './networkCreate.ts';
import { addNetworkInspect } from './networkInspect.ts';
import { addNetworkList } from './networkList.ts';
import { addNetworkPolicy } from './networkPolicy.ts';
import { addNetworkPrune } from './networkPrune.ts';
import { addNetworkRemove } from './networkRemove.ts';

export function addNetwork(parent: Command): void {
  const network = parent.command('network').alias('n').description('Work with networks and what containers may reach');
  for (const add of [addNetworkCreate, addNetworkList, addNetworkInspect, addNetworkRemove, addNetworkPrune, addNetworkPolicy, addNetworkActivity]) add(network);
}
