import * as vscode from 'vscode';
import type { ContainerInfo, ContainerState } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { ContainerItem } from '../views/containerItems.ts';
import { describeState } from '../views/containerState.ts';
import { shortImage } from '../views/format.ts';
import { MemberItem } from '../views/memberItem.ts';

export interface PickOptions {
  readonly placeHolder: string;
  /** Containers in these states only. */
  readonly states: readonly ContainerState[];
  /** What to say when there is none. */
  readonly none: string;
}

/**
 * The container that a command is about: the tree item or id it was called with, else the user's choice. The only
 * candidate is taken without asking when the window's own container is it.
 */
export async function pickContainer(services: Services, argument: unknown, options: PickOptions): Promise<ContainerInfo | undefined> {
  await services.session.connect();
  const id = argument instanceof ContainerItem || argument instanceof MemberItem ? argument.container.id : typeof argument === 'string' ? argument : undefined;
  if (id !== undefined) {
    const named = services.session.container(id);
    if (named) return named;
    void vscode.window.showInformationMessage('This container does not exist any more.');
    return undefined;
  }
  const candidates = services.session.containers.filter((container) => options.states.includes(container.state));
  const [only] = candidates;
  if (!only) {
    void vscode.window.showInformationMessage(options.none);
    return undefined;
  }
  if (candidates.length === 1 && services.window.isCurrent(only)) return only;
  return choose(services, candidates, options.placeHolder);
}

async function choose({ window }: Services, candidates: readonly ContainerInfo[], placeHolder: string): Promise<ContainerInfo | undefined> {
  const ownFirst = [...candidates].sort((a, b) => Number(window.isCurrent(b)) - Number(window.isCurrent(a)));
  const items = ownFirst.map((container) => ({
    label: `$(${container.state === 'running' ? 'vm-running' : 'vm-outline'}) ${container.name}`,
    description: `${describeState(container)} · ${shortImage(container.image)}${window.isCurrent(container) ? ' · this window' : ''}`,
    container,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.container;
}
