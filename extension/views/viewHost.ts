import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { ContainersTree } from './containersTree.ts';
import { grantRoots } from './grantItems.ts';
import { ImageItem } from './imageItems.ts';
import { ListTree } from './listTree.ts';
import { NetworkItem } from './networkItems.ts';
import { OpenSections } from './openSections.ts';
import { VolumeItem } from './volumeItems.ts';

/** Makes the trees, connects when one of them is looked at, and keeps the context keys for menus and welcome texts. */
export function createViews(services: Services): vscode.Disposable {
  const { session, window, listeners, usage } = services;
  const containers = new ContainersTree(services);
  const containersView = vscode.window.createTreeView('berth.containers', { treeDataProvider: containers, canSelectMany: true });
  const lists = {
    images: new ListTree(services, ['images', 'containers'], () => session.images.map((image) => new ImageItem(image, session.containers))),
    volumes: new ListTree(services, ['volumes', 'containers'], () => session.volumes.map((volume) => new VolumeItem(volume, session.containers))),
    networks: new ListTree(services, ['networks', 'containers'], () => session.networks.map((network) => new NetworkItem(network, session.containers))),
    grants: new ListTree(services, ['grants', 'containers'], () => grantRoots(session.grants, session.containers)),
  };
  const views = [containersView, ...Object.entries(lists).map(([name, treeDataProvider]) => vscode.window.createTreeView(`berth.${name}`, { treeDataProvider, canSelectMany: true }))];
  for (const [index, name] of ['containers', ...Object.keys(lists)].entries()) services.selections.add(`berth.${name}`, views[index] ?? containersView);

  const connectWhenVisible = ({ visible }: { visible: boolean }): void => {
    if (!visible || session.state === 'connected') return;
    // The views themselves say what is wrong and offer to try again.
    void vscode.window.withProgress({ location: { viewId: 'berth.containers' } }, () => session.connect()).then(
      undefined,
      (error: unknown) => services.log.error(describe(error)),
    );
  };
  const update = (): void => {
    updateContext(services);
    const running = session.containers.filter(({ state }) => state === 'running').length;
    containersView.badge = running === 0 ? undefined : { value: running, tooltip: running === 1 ? '1 running container' : `${running} running containers` };
  };
  update();
  if (views.some(({ visible }) => visible)) connectWhenVisible({ visible: true });
  return vscode.Disposable.from(
    ...views.map((view) => view.onDidChangeVisibility(connectWhenVisible)),
    session.onDidChange(update),
    window.onDidChange(update),
    vscode.workspace.onDidGrantWorkspaceTrust(update),
    new OpenSections(containersView, containers, session, { ports: listeners, processes: usage.processes, usage: usage.statistics }),
    ...views, containers, ...Object.values(lists),
  );
}

/** `berth.connection` is the session's state; the rest says which commands make sense. */
function updateContext({ session, window }: Services): void {
  const containers = session.containers;
  const set = (key: string, value: unknown): void => void vscode.commands.executeCommand('setContext', `berth.${key}`, value);
  // VS Code's own key for trust is not there yet when a window has just opened; commands would be missing for a moment.
  set('untrusted', !vscode.workspace.isTrusted);
  set('connection', session.state);
  set('hasContainers', containers.length > 0);
  set('hasRunning', containers.some((container) => container.state === 'running'));
  set('hasStopped', containers.some((container) => container.state === 'stopped' || container.state === 'created'));
  set('hasForwards', containers.some(({ forwards = [] }) => forwards.length > 0));
  set('hasImages', session.images.length > 0);
  set('hasVolumes', session.volumes.length > 0);
  set('hasGrants', session.grants.length > 0);
  set('hasNetworks', session.networks.length > 0);
  set('windowContainer', window.current?.state ?? '');
  set('inContainer', window.inContainer);
}
