import * as vscode from 'vscode';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { hostAddress, parsePortWish, portEntries, portName, type PortEntry, type PortKind } from '../ports/portEntries.ts';
import { PortItem } from '../views/portItems.ts';

export interface ChosenPort {
  readonly container: ContainerInfo;
  readonly entry: PortEntry;
}

interface PickOptions {
  readonly placeHolder: string;
  readonly kinds: readonly PortKind[];
  /** What to say when there is none. */
  readonly none: string;
}

/** The port that a command is about: the tree item it was called with, else the user's choice among the running containers'. */
export async function pickPort({ session, window, listeners }: Services, argument: unknown, { placeHolder, kinds, none }: PickOptions): Promise<ChosenPort | undefined> {
  await session.connect();
  if (argument instanceof PortItem) return argument;
  const running = session.containers.filter(({ state }) => state === 'running').sort((a, b) => Number(window.isCurrent(b)) - Number(window.isCurrent(a)));
  const items = running.flatMap((container) => portEntries(container, listeners.listeners(container.id))
    .filter(({ kind }) => kinds.includes(kind))
    .map((entry) => ({
      label: `$(plug) ${portName(entry)}${entry.host ? ` → ${hostAddress(entry.host)}` : ''}`,
      description: [container.name, entry.kind, entry.listener?.processName].filter(Boolean).join(' · '),
      chosen: { container, entry },
    })));
  if (items.length === 0) {
    void vscode.window.showInformationMessage(none);
    return undefined;
  }
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.chosen;
}

export interface PortWish {
  readonly containerPort: number;
  /** Absent: the same, or any when that is taken. */
  readonly hostPort?: number;
}

interface WishItem extends vscode.QuickPickItem {
  readonly wish: PortWish;
}

/** Which port is to be forwarded: one at which a server waits, or one that is typed. */
export async function askForPort({ listeners, session }: Services, container: ContainerInfo): Promise<PortWish | undefined> {
  const pick = vscode.window.createQuickPick<WishItem>();
  const hold = listeners.hold(container.id);
  pick.title = `Forward a Port of ${container.name}`;
  pick.placeholder = 'The container’s port, such as 3000, or 8080:3000 for port 8080 of this machine';
  pick.matchOnDescription = true;
  const show = (): void => {
    const found = portEntries(session.container(container.id) ?? container, listeners.listeners(container.id)).filter(({ kind }) => kind === 'detected');
    const items = found.map(({ containerPort, listener }): WishItem => ({ label: `$(plug) ${containerPort}`, description: listener?.processName ?? 'a server is listening', wish: { containerPort } }));
    const typed = pick.value.trim();
    const wish = parsePortWish(typed);
    if (wish && !items.some((item) => typed === String(item.wish.containerPort))) items.unshift(wishItem(wish));
    pick.items = items;
  };
  const subscriptions = [pick.onDidChangeValue(show), listeners.onDidChange((id) => { if (id === container.id) show(); })];
  try {
    show();
    pick.show();
    return await new Promise((resolve) => {
      subscriptions.push(pick.onDidAccept(() => resolve(pick.selectedItems[0]?.wish)), pick.onDidHide(() => resolve(undefined)));
    });
  } finally {
    for (const subscription of subscriptions) subscription.dispose();
    pick.dispose();
    hold.dispose();
  }
}

function wishItem(wish: PortWish): WishItem {
  const { containerPort, hostPort } = wish;
  const label = hostPort === undefined ? `$(add) Forward ${containerPort}` : `$(add) Forward ${hostPort}:${containerPort}`;
  return { label, alwaysShow: true, description: hostPort === undefined ? '' : `port ${hostPort} of this machine`, wish };
}
