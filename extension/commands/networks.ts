import * as vscode from 'vscode';
import { defaultNetwork, networkNamePattern, type NetworkInfo } from '../../runtime-host/protocol/networks.ts';
import type { Services } from '../context.ts';
import { inspectUri } from '../inspectDocuments.ts';
import { NetworkItem } from '../views/networkItems.ts';
import { confirmRemoval, forEach, itemsOf, pickOne } from './selection.ts';

/** What can be done with networks. Each takes tree items, or nothing: then the user chooses. */
export class NetworkCommands {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  async create(): Promise<void> {
    const client = await this.#services.session.connectFully();
    const taken = new Set(this.#services.session.networks.map(({ name }) => name));
    const name = await vscode.window.showInputBox({
      title: 'Create Network', prompt: 'The network’s name. Containers in one network find each other by their names.', placeHolder: 'backend',
      validateInput: (text) => (taken.has(text) ? `There is a network “${text}” already.` : networkNamePattern.test(text) ? undefined : 'Use letters, digits, “_”, “.” and “-”, beginning with a letter or digit.'),
    });
    if (name === undefined) return;
    const subnet = await vscode.window.showInputBox({
      title: `Create Network ${name}`, prompt: 'Its IPv4 addresses. Leave this empty for a range that is free.', placeHolder: '10.20.0.0/24',
      validateInput: (text) => (/^(\d{1,3}(\.\d{1,3}){3}\/\d{1,2})?$/.test(text.trim()) ? undefined : 'Write a range as 10.20.0.0/24, or nothing.'),
    });
    if (subnet === undefined) return;
    await client.networks.create({ name, ...(subnet.trim() && { subnet: subnet.trim() }) });
  }

  async inspect(argument: unknown): Promise<void> {
    const network = await this.#pick(argument, 'Inspect which network?');
    if (network) await vscode.window.showTextDocument(inspectUri('network', network.name, network.name), { preview: true });
  }

  async copyName(argument: unknown): Promise<void> {
    const network = await this.#pick(argument, 'Copy the name of which network?');
    if (network) await vscode.env.clipboard.writeText(network.name);
  }

  async remove(argument: unknown, selected: unknown): Promise<void> {
    const client = await this.#services.session.connectFully();
    const networks = itemsOf(NetworkItem, ({ network }) => network, argument, selected) ?? [await this.#pick(undefined, 'Remove which network?', ({ name }) => name !== defaultNetwork)];
    const chosen = networks.filter((network) => network !== undefined);
    if (chosen.length === 0 || !(await confirmRemoval({ one: 'network', many: 'networks' }, chosen.map(({ name }) => name), 'Containers are not touched.'))) return;
    await forEach(chosen, ({ name }) => client.networks.remove(name));
  }

  async #pick(argument: unknown, placeHolder: string, fits: (network: NetworkInfo) => boolean = () => true): Promise<NetworkInfo | undefined> {
    if (argument instanceof NetworkItem) return argument.network;
    await this.#services.session.connectFully();
    const choices = this.#services.session.networks.filter(fits).map((network) => ({ label: `$(type-hierarchy) ${network.name}`, description: network.subnet, thing: network }));
    return pickOne(choices, placeHolder, 'There is no such network.');
  }
}
