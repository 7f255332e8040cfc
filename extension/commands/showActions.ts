import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { describeState } from '../views/containerState.ts';

interface Action extends vscode.QuickPickItem {
  readonly command: string;
}

/** What a click on the status bar offers. */
export async function showActions({ session, window }: Services): Promise<void> {
  await session.connect();
  const container = window.current;
  const actions: Action[] = [];
  if (container?.state === 'running') {
    actions.push(
      { label: '$(terminal) Open Terminal', command: 'berth.openTerminal' },
      { label: '$(plug) Forward a Port…', command: 'berth.forwardPort' },
      ...(container.deniedConnections ? [{ label: `$(shield) Show Denied Connections (${container.deniedConnections})…`, command: 'berth.showDenied' }] : []),
      { label: '$(debug-stop) Stop', command: 'berth.stopContainer' },
    );
  } else if (container) {
    actions.push(
      { label: '$(debug-start) Start and Open Terminal', command: 'berth.openTerminal' },
    );
  } else {
    actions.push({ label: '$(vm) Open Folder in Container', command: 'berth.openFolder' }, { label: '$(gear) Configure Container…', command: 'berth.configure' });
  }
  if (container) {
    actions.push(
      window.inContainer
        ? { label: '$(folder-opened) Reopen Folder Locally', command: 'berth.reopenLocally' }
        : { label: '$(vm) Open Folder in Container', command: 'berth.openFolder' },
      { label: '$(tools) Rebuild Container', command: 'berth.rebuild' },
      { label: '$(gear) Configure Container…', command: 'berth.configure' },
      { label: '$(output) Open Log', description: 'of what was done to open the folder', command: 'berth.openLog' },
      { label: '$(output) Show Log', description: 'of the container’s first process', command: 'berth.showLog' },
      { label: '$(json) Inspect', command: 'berth.inspectContainer' },
      { label: '$(trash) Remove…', command: 'berth.removeContainer' },
    );
  }
  actions.push({ label: '$(list-unordered) Show All Containers', command: 'berth.containers.focus' });
  const placeHolder = container ? `${container.name} is ${describeState(container)}` : 'This window has no container';
  const chosen = await vscode.window.showQuickPick(actions, { placeHolder });
  if (chosen) await vscode.commands.executeCommand(chosen.command, ...(container && chosen.command !== 'berth.containers.focus' ? [container.id] : []));
}
