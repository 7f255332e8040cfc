import * as vscode from 'vscode';
import type { HostSession } from '../host/hostSession.ts';
import { configurationSelector } from './configurationSelector.ts';

/**
 * Connects when somebody looks at a devcontainer.json: its language features are the host's. A host that cannot be
 * reached is told by the views; an editor without completions needs no message of its own.
 */
export function connectForEditing(session: HostSession, log: vscode.LogOutputChannel): vscode.Disposable {
  const look = (editors: readonly vscode.TextEditor[]): void => {
    if (session.state !== 'idle' || !editors.some(({ document }) => vscode.languages.match(configurationSelector, document) > 0)) return;
    session.connect().catch((error: unknown) => log.debug(`No language features: ${String(error)}`));
  };
  look(vscode.window.visibleTextEditors);
  return vscode.window.onDidChangeVisibleTextEditors(look);
}
