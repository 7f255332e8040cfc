import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import type { ContainerTerminals } from './containerTerminals.ts';

/** Offers the window's container in the terminal's “+” menu. */
export function registerTerminalProfile({ session, window }: Services, terminals: ContainerTerminals): vscode.Disposable {
  return vscode.window.registerTerminalProfileProvider('berth.terminal', {
    provideTerminalProfile: async () => {
      await session.connect();
      const container = window.current;
      if (container?.state === 'running') return new vscode.TerminalProfile(terminals.shellOptions(container));
      // There is nothing to open a terminal in yet; the command knows what to do.
      void vscode.commands.executeCommand(container ? 'berth.openTerminal' : 'berth.openFolder', container?.id);
      throw new vscode.CancellationError();
    },
  });
}
