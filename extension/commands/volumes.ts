import * as vscode from 'vscode';
import { volumeNamePattern, type VolumeInfo, type VolumeSpec } from '../../runtime-host/protocol/volumes.ts';
import type { Services } from '../context.ts';
import { inspectUri } from '../inspectDocuments.ts';
import { VolumeItem, volumeTitle } from '../views/volumeItems.ts';
import { confirmRemoval, forEach, itemsOf, pickOne } from './selection.ts';

/** What can be done with volumes. Each takes tree items, or nothing: then the user chooses. */
export class VolumeCommands {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  async create(): Promise<void> {
    const client = await this.#services.session.connectFully();
    const taken = new Set(this.#services.session.volumes.map(({ name }) => name));
    const name = await vscode.window.showInputBox({
      title: 'Create Volume', prompt: 'The volume’s name. A container gets it with “-v NAME:/path”, or with “mounts” in devcontainer.json.', placeHolder: 'cache',
      validateInput: (text) => (taken.has(text) ? `There is a volume “${text}” already.` : volumeNamePattern.test(text) ? undefined : 'Use two or more letters, digits, “_”, “.” and “-”, beginning with a letter or digit.'),
    });
    if (name === undefined) return;
    const kind = await vscode.window.showQuickPick<vscode.QuickPickItem & { readonly spec: VolumeSpec }>([
      { label: '$(database) Disk', description: 'one running container may write it, or several read it', spec: { driver: 'ext4' } },
      { label: '$(folder-library) Directory', description: 'several containers may write it at once; a plain directory of this machine', spec: { driver: 'shared' } },
    ], { title: `Create Volume ${name}`, placeHolder: 'What holds its files?', matchOnDescription: true });
    if (kind) await client.volumes.create({ ...kind.spec, name });
  }

  async inspect(argument: unknown): Promise<void> {
    const volume = await this.#pick(argument, 'Inspect which volume?');
    if (volume) await vscode.window.showTextDocument(inspectUri('volume', volumeTitle(volume), volume.name), { preview: true });
  }

  async copyName(argument: unknown): Promise<void> {
    const volume = await this.#pick(argument, 'Copy the name of which volume?');
    if (volume) await vscode.env.clipboard.writeText(volume.name);
  }

  async remove(argument: unknown, selected: unknown): Promise<void> {
    const client = await this.#services.session.connectFully();
    const volumes = itemsOf(VolumeItem, ({ volume }) => volume, argument, selected) ?? [await this.#pick(undefined, 'Remove which volume?')];
    const chosen = volumes.filter((volume) => volume !== undefined);
    if (chosen.length === 0 || !(await confirmRemoval({ one: 'volume', many: 'volumes' }, chosen.map(volumeTitle), `The files in ${chosen.length === 1 ? 'it' : 'them'} are lost.`))) return;
    await forEach(chosen, ({ name }) => client.volumes.remove(name));
  }

  async #pick(argument: unknown, placeHolder: string): Promise<VolumeInfo | undefined> {
    if (argument instanceof VolumeItem) return argument.volume;
    await this.#services.session.connectFully();
    const choices = this.#services.session.volumes.map((volume) => ({ label: `$(database) ${volumeTitle(volume)}`, description: volume.driver === 'shared' ? 'directory' : 'disk', thing: volume }));
    return pickOne(choices, placeHolder, 'There is no volume.');
  }
}
