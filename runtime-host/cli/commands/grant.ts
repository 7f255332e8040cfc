import type { Command } from 'commander';
import { addGrantList } from './grantList.ts';
import { addGrantRevoke } from './grantRevoke.ts';

export function addGrant(parent: Command): void {
  const grant = parent.command('grant').description('See and take back which directories workspaces may have');
  for (const add of [addGrantList, addGrantRevoke]) add(grant);
}
