import * as vscode from 'vscode';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { ensureStarted } from '../host/ensureStarted.ts';
import { inspectUri } from '../inspectDocuments.ts';
import type { ContainerTerminals } from '../terminals/containerTerminals.ts';
import { pickContainer } from './pick.ts';

/** What can be done with one container. Each takes a tree item, an id, or nothing: then the user chooses. */
export class ContainerCommands {
  readonly #services: Services;
  readonly #terminals: ContainerTerminals;

  constructor(services: Services, terminals: ContainerTerminals) {
    this.#services = services;
    this.#terminals = terminals;
  }

  async openTerminal(argument: unknown): Promise<void> {
    const container = await pickContainer(this.#services, argument, {
      placeHolder: 'Open a terminal in which container?',
      states: ['running', 'stopped', 'created'],
      none: 'There is no container yet. Open a folder in one first.',
    });
    if (!container) return;
    this.#terminals.openShell(await ensureStarted(this.#services, container));
  }

  /** Shows the terminal in this window's container, or opens one; without a container there is a folder to open. */
  async reopenTerminal(): Promise<void> {
    await this.#services.session.connect();
    const container = this.#services.window.current;
    if (!container) {
      await vscode.commands.executeCommand('berth.openFolder');
      return;
    }
    const running = await ensureStarted(this.#services, container);
    if (!this.#terminals.reveal(running)) this.#terminals.openShell(running);
  }

  async attach(argument: unknown): Promise<void> {
    const container = await this.#pickRunning(argument, 'Attach to the first process of which container?');
    if (container) this.#terminals.attach(container);
  }

  async start(argument: unknown): Promise<void> {
    const container = await pickContainer(this.#services, argument, {
      placeHolder: 'Start which container?', states: ['stopped', 'created'], none: 'No container is stopped.',
    });
    if (container) await ensureStarted(this.#services, container);
  }

  async stop(argument: unknown): Promise<void> {
    const container = await this.#pickRunning(argument, 'Stop which container?');
    if (!container) return;
    const client = await this.#services.session.connect();
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: `Stopping ${container.name}` },
      () => client.containers.stop(container.id),
    );
  }

  async restart(argument: unknown): Promise<void> {
    const container = await this.#pickRunning(argument, 'Restart which container?');
    if (!container) return;
    const client = await this.#services.session.connect();
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: `Restarting ${container.name}` },
      () => client.containers.restart(container.id),
    );
  }

  async rename(argument: unknown): Promise<void> {
    const container = await pickContainer(this.#services, argument, {
      placeHolder: 'Rename which container?', states: ['created', 'starting', 'running', 'stopping', 'stopped'], none: 'There is no container.',
    });
    if (!container) return;
    const name = await vscode.window.showInputBox({
      title: `Rename ${container.name}`, prompt: 'The new name', value: container.name,
      validateInput: (text) => (/^[a-zA-Z0-9][\w.-]{0,63}$/.test(text) ? undefined : 'Use letters, digits, “_”, “.” and “-”, beginning with a letter or digit.'),
    });
    if (name === undefined || name === container.name) return;
    const client = await this.#services.session.connect();
    await client.containers.rename(container.id, name);
  }

  async remove(argument: unknown): Promise<void> {
    const container = await pickContainer(this.#services, argument, {
      placeHolder: 'Remove which container?', states: ['created', 'starting', 'running', 'stopping', 'stopped'], none: 'There is no container.',
    });
    if (!container) return;
    const running = container.state === 'running' || container.state === 'starting';
    const answer = await vscode.window.showWarningMessage(
      `Remove the container “${container.name}”?`,
      { modal: true, detail: `${running ? 'It is running and will be stopped. ' : ''}Everything that was changed inside it is lost. Shared folders are not touched.` },
      'Remove',
    );
    if (answer !== 'Remove') return;
    const client = await this.#services.session.connect();
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: `Removing ${container.name}` },
      () => client.containers.remove(container.id, { force: running, volumes: true }),
    );
  }

  async showLog(argument: unknown): Promise<void> {
    const container = await pickContainer(this.#services, argument, {
      placeHolder: 'Show the log of which container?', states: ['running', 'stopping', 'stopped', 'starting'], none: 'No container has a log yet.',
    });
    if (container) this.#terminals.showLog(container);
  }

  async inspect(argument: unknown): Promise<void> {
    const container = await pickContainer(this.#services, argument, {
      placeHolder: 'Inspect which container?', states: ['created', 'starting', 'running', 'stopping', 'stopped'], none: 'There is no container.',
    });
    if (container) await vscode.window.showTextDocument(inspectUri('container', container.name, container.id), { preview: true });
  }

  #pickRunning(argument: unknown, placeHolder: string): Promise<ContainerInfo | undefined> {
    return pickContainer(this.#services, argument, { placeHolder, states: ['running'], none: 'No container is running.' });
  }
}
