import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import type { ErrorReporter } from '../errors.ts';
import { OpenFolderCommand } from '../opening/openFolder.ts';
import { reopenLocally } from '../opening/reopenLocally.ts';
import type { ContainerTerminals } from '../terminals/containerTerminals.ts';
import { CleaningCommands } from './cleaning.ts';
import { ContainerCommands } from './containers.ts';
import { copyLearned, showDenied } from './deniedConnections.ts';
import { ImageCommands } from './images.ts';
import { NetworkCommands } from './networks.ts';
import { containerOf, PortCommands } from './ports.ts';
import { showActions } from './showActions.ts';
import { VolumeCommands } from './volumes.ts';

/** Called with the item that it is about and, when several are selected, with all of them. */
type Command = (argument: unknown, selected?: unknown) => unknown;

/** Registers every command of package.json. No command ever rejects: what goes wrong is shown, once. */
export function registerCommands(services: Services, terminals: ContainerTerminals, errors: ErrorReporter): vscode.Disposable {
  const containers = new ContainerCommands(services, terminals);
  const images = new ImageCommands(services, errors);
  const ports = new PortCommands(services);
  const volumes = new VolumeCommands(services);
  const networks = new NetworkCommands(services);
  const cleaning = new CleaningCommands(services);
  const openFolder = new OpenFolderCommand(services, terminals, errors);
  const commands: Readonly<Record<string, Command>> = {
    'berth.openFolder': () => openFolder.run(),
    'berth.reopenLocally': () => reopenLocally(services),
    'berth.openLog': () => services.setupLog.show(),
    'berth.openTerminal': (argument) => containers.openTerminal(argument),
    'berth.reopenTerminal': () => containers.reopenTerminal(),
    'berth.attach': (argument) => containers.attach(argument),
    'berth.startContainer': (argument) => containers.start(argument),
    'berth.stopContainer': (argument) => containers.stop(argument),
    'berth.restartContainer': (argument) => containers.restart(argument),
    'berth.renameContainer': (argument) => containers.rename(argument),
    'berth.pruneContainers': () => cleaning.pruneContainers(),
    'berth.pruneImages': () => cleaning.pruneImages(),
    'berth.removeContainer': (argument) => containers.remove(argument),
    'berth.showLog': (argument) => containers.showLog(argument),
    'berth.inspectContainer': (argument) => containers.inspect(argument),
    'berth.forwardPort': (argument) => ports.forward(argument),
    'berth.forwardDetected': (argument) => ports.forward(argument),
    'berth.openPort': (argument) => ports.open(argument),
    'berth.copyPortAddress': (argument) => ports.copyAddress(argument),
    'berth.stopForwarding': (argument) => ports.stop(argument),
    'berth.showDenied': (argument) => showDenied(services, containerOf(argument)),
    'berth.copyLearned': (argument) => copyLearned(services, containerOf(argument)),
    'berth.pullImage': (argument) => images.pull(argument),
    'berth.removeImage': (argument) => images.remove(argument),
    'berth.createVolume': () => volumes.create(),
    'berth.inspectVolume': (argument) => volumes.inspect(argument),
    'berth.copyVolumeName': (argument) => volumes.copyName(argument),
    'berth.removeVolume': (argument, selected) => volumes.remove(argument, selected),
    'berth.pruneVolumes': () => cleaning.pruneVolumes(),
    'berth.createNetwork': () => networks.create(),
    'berth.inspectNetwork': (argument) => networks.inspect(argument),
    'berth.copyNetworkName': (argument) => networks.copyName(argument),
    'berth.removeNetwork': (argument, selected) => networks.remove(argument, selected),
    'berth.pruneNetworks': () => cleaning.pruneNetworks(),
    'berth.refresh': () => services.session.refresh(),
    'berth.reconnect': () => services.session.refresh(),
    'berth.cancelLifecycle': () => services.lifecycle.cancel(),
    'berth.showOutput': () => services.log.show(),
    'berth.showActions': () => showActions(services),
  };
  return vscode.Disposable.from(...Object.entries(commands).map(([name, run]) => register(name, trusting.has(name) ? ifTrusted(run) : run, errors)));
}

/** What runs in a container, and which folders it sees, is decided by files in the folder: these commands need trust. */
const trusting = new Set(['openFolder', 'openTerminal', 'reopenTerminal', 'attach', 'startContainer', 'restartContainer', 'pullImage', 'forwardPort', 'forwardDetected'].map((name) => `berth.${name}`));

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
