import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { ensureStarted } from '../host/ensureStarted.ts';
import { inspectUri } from '../inspectDocuments.ts';
import type { ContainerTerminals } from '../terminals/containerTerminals.ts';
import { ContainerItem } from '../views/containerItems.ts';
import { pickContainer, type PickOptions } from './pick.ts';
import { confirmRemoval, forEach, itemsOf } from './selection.ts';

const running = { states: ['running'], none: 'No container is running.' } as const;

/** What can be done with containers. Each takes tree items, an id, or nothing: then the user chooses. */
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

  async start(argument: unknown, selected: unknown): Promise<void> {
    const containers = await this.#several(argument, selected, { placeHolder: 'Start which container?', states: ['stopped', 'created'], none: 'No container is stopped.' });
    await forEach(containers, (container) => ensureStarted(this.#services, container));
  }

  async stop(argument: unknown, selected: unknown): Promise<void> {
    const containers = await this.#several(argument, selected, { ...running, placeHolder: 'Stop which container?' });
    await this.#work('Stopping', containers, (client, { id }) => client.containers.stop(id));
  }

  async restart(argument: unknown, selected: unknown): Promise<void> {
    const containers = await this.#several(argument, selected, { ...running, placeHolder: 'Restart which container?' });
    await this.#work('Restarting', containers, (client, { id }) => client.containers.restart(id));
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

  async remove(argument: unknown, selected: unknown): Promise<void> {
    const containers = await this.#several(argument, selected, { placeHolder: 'Remove which container?', states: ['created', 'starting', 'running', 'stopping', 'stopped'], none: 'There is no container.' });
    if (containers.length === 0) return;
    const isAlive = ({ state }: ContainerInfo): boolean => state === 'running' || state === 'starting';
    const alive = containers.filter(isAlive);
    const stops = alive.length === 0 ? '' : containers.length === 1 ? 'It is running and will be stopped. ' : `${alive.length === 1 ? '1 is' : `${alive.length} are`} running and will be stopped. `;
    const detail = `${stops}Everything that was changed inside ${containers.length === 1 ? 'it' : 'them'} is lost. Shared folders are not touched.`;
    if (!(await confirmRemoval({ one: 'container', many: 'containers' }, containers.map(({ name }) => name), detail))) return;
    await this.#work('Removing', containers, (client, container) => client.containers.remove(container.id, { force: isAlive(container), volumes: true }));
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
    return pickContainer(this.#services, argument, { ...running, placeHolder });
  }

  /** The selected ones in the states that make sense; called without an item, the one that the user chooses. */
  async #several(argument: unknown, selected: unknown, options: PickOptions): Promise<ContainerInfo[]> {
    const ids = itemsOf(ContainerItem, ({ container }) => container.id, argument, selected) ?? [];
    if (ids.length > 1) return this.#services.session.containers.filter(({ id, state }) => ids.includes(id) && options.states.includes(state));
    const container = await pickContainer(this.#services, argument, options);
    return container ? [container] : [];
  }

  /** Does the same to all of them at once, with one notification. */
  async #work(verb: string, containers: readonly ContainerInfo[], work: (client: BerthClient, container: ContainerInfo) => Promise<unknown>): Promise<void> {
    const [first] = containers;
    if (!first) return;
    const client = await this.#services.session.connect();
    const title = `${verb} ${containers.length === 1 ? first.name : `${containers.length} containers`}`;
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () => forEach(containers, (container) => work(client, container)));
  }
}
