import * as vscode from 'vscode';
import type { Services } from './context.ts';
import { registerDebug } from './debug/registerDebug.ts';
import { guestScheme, GuestDocuments } from './languageServers/guestDocuments.ts';
import { LanguageServers } from './languageServers/languageServers.ts';
import { containerTaskType } from './tasks/containerTasks.ts';
import { ContainerTaskProvider } from './tasks/taskProvider.ts';

/** Registers what runs the user's tools in the container beside terminals. Nothing of it works before it is asked for. */
export function registerTools(services: Services): vscode.Disposable {
  return vscode.Disposable.from(
    registerDebug(services),
    new LanguageServers(services, async (options) => (await import('./host/languageLink.ts')).startServer(options)),
    vscode.workspace.registerTextDocumentContentProvider(guestScheme, new GuestDocuments(services)),
    vscode.tasks.registerTaskProvider(containerTaskType, new ContainerTaskProvider(services)),
  );
}
