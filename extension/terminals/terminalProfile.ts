import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { ensureStarted } from '../host/ensureStarted.ts';
import type { ContainerTerminals } from './containerTerminals.ts';

/** Offers the window's container in the terminal's “+” menu, and where it is the default profile. */
export function registerTerminalProfile(services: Services, terminals: ContainerTerminals): vscode.Disposable {
  return vscode.window.registerTerminalProfileProvider('berth.terminal', {
    provideTerminalProfile: async () => {
      if (!vscode.workspace.isTrusted) throw new Error('Containers can be started only for folders that you trust.');
      const before = await terminals.shells.nextPending();
      if (before) return new vscode.TerminalProfile(before);
      await services.session.connect();
      const container = services.window.current;
      if (container) return new vscode.TerminalProfile(terminals.shells.options(await ensureStarted(services, container)));
      return new vscode.TerminalProfile({ name: 'Berth', pty: new CommandInstead('berth.openFolder') });
    },
  });
}

/** For when there is nothing to open a terminal in yet: VS Code shows an error where it gets no profile at all. */
class CommandInstead implements vscode.Pseudoterminal {
  readonly #command: string;
  readonly #close = new vscode.EventEmitter<void>();
  readonly onDidWrite = new vscode.EventEmitter<string>().event;
  readonly onDidClose = this.#close.event;

  constructor(command: string) {
    this.#command = command;
  }

  open(): void {
    this.#close.fire();
    void vscode.commands.executeCommand(this.#command);
  }

  close(): void {
    this.#close.dispose();
  }
}
