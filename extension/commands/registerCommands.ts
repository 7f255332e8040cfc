import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { debugFile } from '../debug/registerDebug.ts';
import type { ErrorReporter } from '../errors.ts';
import type { OpenFolderCommand } from '../opening/openFolder.ts';
import { openingCommands } from '../opening/openingCommands.ts';
import { runTaskInContainer } from '../tasks/runTask.ts';
import type { ContainerTerminals } from '../terminals/containerTerminals.ts';
import type { Command } from './command.ts';
import { ContainerCommands } from './containers.ts';
import { copyLearned, showDenied } from './deniedConnections.ts';
import { containerOf, PortCommands } from './ports.ts';
import { onEach } from './selection.ts';
import { showActions } from './showActions.ts';
import { treeCommands } from './treeCommands.ts';

/** Registers every command of package.json. No command ever rejects: what goes wrong is shown, once. */
export function registerCommands(services: Services, terminals: ContainerTerminals, errors: ErrorReporter, openFolder: OpenFolderCommand): vscode.Disposable {
  const containers = new ContainerCommands(services, terminals);
  const ports = new PortCommands(services);
  const commands: Readonly<Record<string, Command>> = {
    ...treeCommands(services, terminals, errors),
    ...openingCommands(services, openFolder),
    'berth.openTerminal': (argument) => containers.openTerminal(argument),
    'berth.reopenTerminal': () => containers.reopenTerminal(),
    'berth.runTask': () => runTaskInContainer(services),
    'berth.debugFile': (argument) => debugFile(argument),
    'berth.attach': (argument) => containers.attach(argument),
    'berth.startContainer': (argument, selected) => containers.start(argument, selected),
    'berth.stopContainer': (argument, selected) => containers.stop(argument, selected),
    'berth.restartContainer': (argument, selected) => containers.restart(argument, selected),
    'berth.renameContainer': (argument) => containers.rename(argument),
    'berth.removeContainer': (argument, selected) => containers.remove(argument, selected),
    'berth.showLog': (argument) => containers.showLog(argument),
    'berth.inspectContainer': (argument) => containers.inspect(argument),
    'berth.forwardPort': (argument) => ports.forward(argument),
    'berth.forwardDetected': onEach((argument) => ports.forward(argument)),
    'berth.openPort': (argument) => ports.open(argument),
    'berth.copyPortAddress': (argument) => ports.copyAddress(argument),
    'berth.stopForwarding': onEach((argument) => ports.stop(argument)),
    'berth.showDenied': (argument) => showDenied(services, containerOf(argument)),
    'berth.copyLearned': (argument) => copyLearned(services, containerOf(argument)),
    'berth.refresh': () => services.session.refresh(),
    'berth.reconnect': () => services.session.refresh(),
    'berth.cancelLifecycle': () => services.lifecycle.cancel(),
    'berth.showOutput': () => services.log.show(),
    'berth.showActions': () => showActions(services),
  };
  return vscode.Disposable.from(...Object.entries(commands).map(([name, run]) => register(name, ofSelection(services, trusting.has(name) ? ifTrusted(run) : run), errors)));
}

/** What runs in a container, and which folders it sees, is decided by files in the folder: these commands need trust. */
const trusting = new Set(['openFolder', 'rebuild', 'rebuildWithoutCache', 'configure', 'openTerminal', 'reopenTerminal', 'runTask', 'debugFile', 'attach', 'startContainer', 'restartContainer', 'pullImage', 'pullAgain', 'runImage', 'grantDirectory', 'changeGrant', 'forwardPort', 'forwardDetected'].map((name) => `berth.${name}`));

/** The commands are disabled in an untrusted folder; this is for those that come another way, such as a key binding. */
function ifTrusted(run: Command): Command {
  return async (argument, selected) => {
    if (vscode.workspace.isTrusted) return run(argument, selected);
    const manage = 'Manage Workspace Trust';
    const answer = await vscode.window.showWarningMessage('Containers can be started only for folders that you trust.', manage);
    if (answer === manage) await vscode.commands.executeCommand('workbench.trust.manage');
    return undefined;
  };
}

/** A key does with what is selected what a menu does with its item, and nothing without. */
function ofSelection({ selections }: Services, run: Command): Command {
  return (argument, selected) => {
    const selection = selections.of(argument);
    if (!selection) return run(argument, selected);
    return selection.item && run(selection.item, selection.all);
  };
}

function register(name: string, run: Command, errors: ErrorReporter): vscode.Disposable {
  const command = async (argument?: unknown, selected?: unknown): Promise<void> => {
    try {
      await run(argument, selected);
    } catch (error) {
      errors.report(error, { retry: () => command(argument, selected) });
    }
  };
  return vscode.commands.registerCommand(name, command);
}
