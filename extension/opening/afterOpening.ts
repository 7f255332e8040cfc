import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { FolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { writeConfiguration } from './writeConfiguration.ts';

/** Writes the configuration that the user has agreed to, and offers to show it. */
export async function writeChosen(folder: string, image: string): Promise<void> {
  const file = await writeConfiguration(folder, basename(folder), image);
  const open = 'Open File';
  const answer = vscode.window.showInformationMessage(`Wrote .devcontainer/devcontainer.json, which names ${image}.`, open);
  void answer.then((chosen) => (chosen === open ? showFile(file) : undefined));
}

/** Names what a configuration asks for in vain. */
export function tellIgnored({ log, setupLog }: Services, { ignored, file }: FolderConfig): void {
  if (ignored.length === 0 || file === undefined) return;
  const text = `Berth does not act on ${ignored.map((name) => `“${name}”`).join(', ')} in devcontainer.json yet.`;
  setupLog.note(text);
  vscode.window.showInformationMessage(text, 'Open File').then(
    (answer) => (answer ? showFile(file) : undefined),
    (error: unknown) => log.error(describe(error)),
  );
}

/**
 * Shows a file in an editor that stays.
 * @param line where to look, the first being 1
 */
export async function showFile(file: string, line?: number): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(vscode.Uri.file(file), { preview: false, ...(line !== undefined && { selection: new vscode.Range(line - 1, 0, line - 1, 0) }) });
}
