import * as vscode from 'vscode';
import type { Services } from './context.ts';
import { describeState } from './views/containerState.ts';

/** Says which container this window uses, and in which state; a click offers what can be done with it. */
export function createStatusBar(services: Services): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('berth.container', vscode.StatusBarAlignment.Left, 50);
  item.name = 'Berth Container';
  item.command = 'berth.showActions';
  const update = (): void => showState(item, services);
  update();
  return vscode.Disposable.from(item, services.window.onDidChange(update));
}

function showState(item: vscode.StatusBarItem, { session, window }: Services): void {
  if (session.state === 'connecting') return; // What it says is the last that is known.
  if ((session.state === 'lost' || session.state === 'failed') && window.wasUsed) {
    item.command = 'berth.showActions';
    item.text = '$(debug-disconnect) Berth: not connected';
    item.tooltip = session.state === 'lost' ? 'The connection to Berth’s runtime host was lost. Click to connect again.' : 'Berth’s runtime host cannot be reached. Click to try again.';
    item.accessibilityInformation = { label: 'Berth: not connected. Activate to connect again.', role: 'button' };
    item.show();
    return;
  }
  const container = window.current;
  if (!container) {
    showOffer(item, window.configured);
    return;
  }
  const state = describeState(container);
  const running = container.state === 'running';
  const busy = container.state === 'starting' || container.state === 'stopping';
  item.command = 'berth.showActions';
  item.text = `$(${busy ? 'loading~spin' : running ? 'vm-running' : 'vm-outline'}) Berth: ${container.name}${running ? '' : ` (${state})`}`;
  item.tooltip = `This folder’s container “${container.name}” is ${state}. Click for what can be done with it.`;
  item.accessibilityInformation = { label: `Berth container ${container.name}, ${state}`, role: 'button' };
  item.show();
}

/** A folder with a configuration has a way to its container, also when the notification was closed. */
function showOffer(item: vscode.StatusBarItem, configured: boolean): void {
  if (!configured || !vscode.workspace.isTrusted) {
    item.hide();
    return;
  }
  item.command = 'berth.openFolder';
  item.text = '$(vm-outline) Open in Container';
  item.tooltip = 'This folder has a configuration for a container. Click to open the folder in it.';
  item.accessibilityInformation = { label: 'Open this folder in a container', role: 'button' };
  item.show();
}
