import { posix } from 'node:path';
import * as vscode from 'vscode';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { Services } from '../context.ts';
import { NodeSession } from './nodeSession.ts';

export const nodeDebugType = 'container-node';

const openFile = { type: nodeDebugType, request: 'launch', name: 'Debug File in Container', program: '${file}', skipFiles: ['<node_internals>/**'] };

/** Debugging of programs on Node in the folder's container. */
export function registerDebug(services: Services): vscode.Disposable {
  const provider: vscode.DebugConfigurationProvider = {
    provideDebugConfigurations: () => [openFile],
    // F5 without a launch.json asks with an empty configuration.
    resolveDebugConfiguration: (_folder, configuration) => ({ internalConsoleOptions: 'neverOpen', ...(configuration.type ? configuration : openFile) }),
  };
  return vscode.Disposable.from(
    vscode.debug.registerDebugConfigurationProvider(nodeDebugType, provider),
    vscode.debug.registerDebugConfigurationProvider(nodeDebugType, { provideDebugConfigurations: () => (services.window.inContainer ? [openFile] : []) }, vscode.DebugConfigurationProviderTriggerKind.Dynamic),
    vscode.debug.registerDebugAdapterDescriptorFactory(nodeDebugType, {
      createDebugAdapterDescriptor: (session) => new vscode.DebugAdapterInlineImplementation(new NodeSession(services, session)),
    }),
  );
}

/** Debugs the file that the command was called on, or that is open. */
export async function debugFile(argument: unknown): Promise<void> {
  const uri = argument instanceof vscode.Uri ? argument : vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme !== 'file') throw new BerthError('InvalidArgument', 'There is no file to debug. Open a JavaScript or TypeScript file first.');
  const configuration = { ...openFile, name: `Debug ${posix.basename(uri.fsPath)}`, program: uri.fsPath };
  await vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(uri) ?? vscode.workspace.workspaceFolders?.[0], configuration);
}
