import * as vscode from 'vscode';
import type { NetworkPolicy } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { activityName, allowEntry, allowing, deniedOnes, learnedEntries } from '../ports/denied.ts';
import { pickContainer } from './pick.ts';

/** Shows what a container was denied, and lets through what the user picks. */
export async function showDenied(services: Services, argument: unknown): Promise<void> {
  const container = await pickContainer(services, argument, { placeHolder: 'Show what which container was denied?', states: ['running', 'stopping', 'stopped'], none: 'No container has run yet.' });
  if (!container) return;
  const client = await services.session.connect();
  const denied = deniedOnes(await client.networks.activity(container.id));
  if (denied.length === 0) {
    void vscode.window.showInformationMessage(`“${container.name}” was denied nothing.`);
    return;
  }
  const items = denied.map((activity) => ({
    label: activityName(activity),
    description: `${activity.count} ${activity.count === 1 ? 'time' : 'times'}`,
    detail: [...(activity.name && activity.destination ? [activity.destination] : []), `last at ${new Date(activity.lastAt).toLocaleString()}`].join(' · '),
    entry: allowEntry(activity),
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: `Denied Connections of ${container.name}`, placeHolder: 'Choose what to allow from now on', canPickMany: true, matchOnDescription: true,
  });
  if (!chosen || chosen.length === 0) return;
  const { policy } = services.session.container(container.id) ?? container;
  const allowed = allowing(policy, chosen.map(({ entry }) => entry));
  await client.networks.setPolicy(container.id, allowed);
  await offerToKeep(container, allowed, `“${container.name}” may use ${chosen.map(({ entry }) => entry).join(', ')} from now on.`);
}

/** Offers what a learning container has used as a list to keep. */
export async function copyLearned(services: Services, argument: unknown): Promise<void> {
  const container = await pickContainer(services, argument, { placeHolder: 'Copy what which container has used?', states: ['running', 'stopping', 'stopped'], none: 'No container has run yet.' });
  if (!container) return;
  const client = await services.session.connect();
  const allow = learnedEntries(await client.networks.activity(container.id));
  if (allow.length === 0) {
    void vscode.window.showInformationMessage(`Nothing is recorded of “${container.name}”. Only the policy “learn” records what is used.`);
    return;
  }
  await offerToKeep(container, { mode: 'allowlist', allow }, `“${container.name}” has used ${allow.length} ${allow.length === 1 ? 'destination' : 'destinations'}.`);
}

async function offerToKeep({ name }: ContainerInfo, policy: NetworkPolicy, sentence: string): Promise<void> {
  const copy = 'Copy for devcontainer.json';
  const answer = await vscode.window.showInformationMessage(`${sentence} A container that is made anew has what its configuration says.`, copy);
  if (answer !== copy) return;
  const text = `"customizations": { "berth": { "network": ${JSON.stringify({ policy: policy.mode, allow: policy.allow ?? [] }, undefined, 2)} } }`;
  await vscode.env.clipboard.writeText(text);
  void vscode.window.showInformationMessage(`What devcontainer.json needs for “${name}” is in the clipboard.`);
}
