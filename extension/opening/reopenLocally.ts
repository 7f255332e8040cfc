import * as vscode from 'vscode';
import type { Services } from '../context.ts';

/** The window leaves the folder's container, which stays as it is. */
export async function reopenLocally({ window, setupLog }: Services): Promise<void> {
  await window.setInContainer(false);
  setupLog.step('The folder is opened locally.');
  vscode.window.setStatusBarMessage('$(folder-opened) The folder is opened locally', 5000);
}
