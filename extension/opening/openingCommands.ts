import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { configure } from './configure.ts';
import type { OpenFolderCommand } from './openFolder.ts';
import { reopenLocally } from './reopenLocally.ts';

/** The commands that lead into a folder's container, and out of it. */
export function openingCommands(services: Services, openFolder: OpenFolderCommand): Readonly<Record<string, (argument: unknown) => unknown>> {
  return {
    'berth.openFolder': (argument) => openFolder.run(targetOf(argument)),
    'berth.rebuild': (argument) => openFolder.run({ ...targetOf(argument), rebuild: 'localImage' }),
    'berth.rebuildWithoutCache': (argument) => openFolder.run({ ...targetOf(argument), rebuild: 'pulledImage' }),
    'berth.reopenLocally': () => reopenLocally(services),
    'berth.configure': (argument) => configure(services, targetOf(argument).target),
    'berth.openLog': () => services.setupLog.show(),
    'berth.getStarted': () => vscode.commands.executeCommand('workbench.action.openWalkthrough', `${services.context.extension.id}#berth.start`, false),
  };
}

/** The explorer and editors call commands with what the user has pointed at; views and keys do not. */
function targetOf(argument: unknown): { readonly target?: vscode.Uri } {
  return argument instanceof vscode.Uri ? { target: argument } : {};
}
