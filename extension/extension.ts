import { join } from 'node:path';
import * as vscode from 'vscode';
import { registerCommands } from './commands/registerCommands.ts';
import { ContainerUse } from './containerUse.ts';
import type { Services } from './context.ts';
import { registerTools } from './tools.ts';
import { ErrorReporter } from './errors.ts';
import { HostSession } from './host/hostSession.ts';
import { createUsageWatches } from './host/usageWatches.ts';
import { InspectDocuments, inspectScheme } from './inspectDocuments.ts';
import { takePendingFolder } from './opening/chooseFolder.ts';
import { offerSoon } from './opening/offerToOpen.ts';
import { OpenFolderCommand } from './opening/openFolder.ts';
import { SetupLog } from './opening/setupLog.ts';
import { FolderLifecycle } from './lifecycle/folderLifecycle.ts';
import { connectForEditing } from './language/configurationEditing.ts';
import { watchConfiguration } from './opening/watchConfiguration.ts';
import { createForwards } from './ports/createForwards.ts';
import { ListenerWatches } from './ports/listenerWatches.ts';
import { createStatusBar } from './statusBar.ts';
import { ContainerTerminals } from './terminals/containerTerminals.ts';
import { DefaultProfile } from './terminals/defaultProfile.ts';
import { registerGuestLinks } from './terminals/guestLinks.ts';
import { registerTerminalProfile } from './terminals/terminalProfile.ts';
import { Selections } from './views/selections.ts';
import { createViews } from './views/viewHost.ts';
import { WindowContainer } from './windowContainer.ts';
import { EnvironmentProbes } from './workspace/environmentProbes.ts';

let session: HostSession | undefined;
let shells: ContainerTerminals['shells'] | undefined;

/** Registers everything and does nothing: the host is connected to by the first view or command that needs it. */
export function activate(context: vscode.ExtensionContext): void {
  const started = performance.now();
  const log = vscode.window.createOutputChannel('Berth', { log: true });
  session = new HostSession(log, async (onLost) => {
    // The language client and the client library are loaded here, on first use.
    const { openLink } = await import('./host/languageLink.ts');
    return vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: 'Connecting to Berth’s runtime host' }, () =>
      openLink({ hostPath: join(context.extensionPath, 'dist', 'host.mjs'), log, onLost }));
  });
  const hosts = session;
  const window = new WindowContainer(session, context.workspaceState);
  const listeners = new ListenerWatches(session, log);
  const usage = createUsageWatches(session, log);
  const setupLog = new SetupLog();
  const environments = new EnvironmentProbes({ exec: async (...words) => (await hosts.connect()).containers.exec(...words), notice: (sentence) => log.warn(sentence) });
  const lifecycle = new FolderLifecycle(window, () => services);
  const others = { context, log, setupLog, session, window, environments, lifecycle, listeners, usage, selections: new Selections() };
  const services: Services = { ...others, forwards: createForwards(others) };
  const errors = new ErrorReporter(log, async () => {
    const { stopHost } = await import('./host/languageLink.ts');
    await stopHost();
    await hosts.connect();
  });
  const terminals = new ContainerTerminals(services, errors);
  shells = terminals.shells;
  const openFolder = new OpenFolderCommand(services, terminals, errors);
  const inspect = new InspectDocuments(session);
  context.subscriptions.push(
    log, setupLog, session, window, listeners, usage, services.forwards, terminals, inspect, lifecycle, new ContainerUse(window, () => services),
    vscode.workspace.registerTextDocumentContentProvider(inspectScheme, inspect),
    registerCommands(services, terminals, errors, openFolder),
    registerTerminalProfile(services, terminals),
    connectForEditing(session, log),
    registerGuestLinks(terminals.shells),
    new DefaultProfile(services),
    createViews(services),
    createStatusBar(services),
    watchConfiguration(services),
  );
  context.subscriptions.push(registerTools(services));
  log.info(`Activated in ${Math.round(performance.now() - started)} ms.`);
  if (vscode.workspace.isTrusted) resume(services, terminals, errors, openFolder);
  else context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(() => resume(services, terminals, errors, openFolder)));
}

/** Ends the connection; the host and the containers go on. */
export async function deactivate(): Promise<void> {
  shells?.leave();
  await session?.close();
}

/**
 * After a reload: the window is in its container again, which is started if need be, with its terminal when one was open.
 * In a window that had none, the folder's container is offered.
 */
function resume(services: Services, terminals: ContainerTerminals, errors: ErrorReporter, openFolder: OpenFolderCommand): void {
  const { session, window, log } = services;
  if (takePendingFolder(services.context)) {
    void vscode.commands.executeCommand('berth.openFolder');
    return;
  }
  offerSoon(services);
  if (!window.wasUsed && !terminals.shells.hasPending) return;
  session.connect().then(async () => {
    await openFolder.resume();
    const container = window.current;
    if (container) log.info(`This window’s container is “${container.name}” (${container.state}).`);
    await terminals.shells.restore();
  }).catch((error: unknown) => errors.report(error, { retry: () => resume(services, terminals, errors, openFolder) }));
}
