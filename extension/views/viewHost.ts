import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { ContainersTree } from './containersTree.ts';
import { ImagesTree } from './imagesTree.ts';
import { OpenSections } from './openSections.ts';

/** Makes the two trees, connects when one of them is looked at, and keeps the context keys for menus and welcome texts. */
export function createViews(services: Services): vscode.Disposable {
  const containers = new ContainersTree(services);
  const images = new ImagesTree(services);
  const containersView = vscode.window.createTreeView('berth.containers', { treeDataProvider: containers });
  const imagesView = vscode.window.createTreeView('berth.images', { treeDataProvider: images });

  const connectWhenVisible = ({ visible }: { visible: boolean }): void => {
    if (!visible || services.session.state === 'connected') return;
    // The views themselves say what is wrong and offer to try again.
    void vscode.window.withProgress({ location: { viewId: 'berth.containers' } }, () => services.session.connect()).then(
      undefined,
      (error: unknown) => services.log.error(describe(error)),
    );
  };
  const update = (): void => updateContext(services);
  update();
  if (containersView.visible || imagesView.visible) connectWhenVisible({ visible: true });
  return vscode.Disposable.from(
    containersView.onDidChangeVisibility(connectWhenVisible),
    imagesView.onDidChangeVisibility(connectWhenVisible),
    services.session.onDidChange(update),
    services.window.onDidChange(update),
    vscode.workspace.onDidGrantWorkspaceTrust(update),
    new OpenSections(containersView, containers, services.session, services.listeners),
    containersView, imagesView, containers, images,
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
  set('windowContainer', window.current?.state ?? '');
  set('inContainer', window.inContainer);
}
