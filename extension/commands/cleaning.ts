import * as vscode from 'vscode';
import type { PruneResult } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { formatBytes } from '../views/format.ts';

/** Gives room on the disk back. */
export class CleaningCommands {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  async pruneContainers(): Promise<void> {
    const client = await this.#services.session.connect();
    await askAndPrune('Remove all containers that do not run?', 'Everything that was changed inside them is lost. Shared folders are not touched.', 'container', () => client.containers.prune());
  }

  async pruneImages(): Promise<void> {
    const client = await this.#services.session.connect();
    await askAndPrune('Remove all images that no container uses?', 'They are pulled again when they are needed.', 'image', () => client.images.prune());
  }

  async pruneVolumes(): Promise<void> {
    const client = await this.#services.session.connect();
    const [unnamed, all] = ['Remove Unnamed Ones', 'Remove All'];
    const answer = await vscode.window.showWarningMessage('Remove the volumes that no container uses?', { modal: true, detail: 'What is in them is lost. Unnamed volumes were made for containers that are gone.' }, unnamed, all);
    if (answer !== undefined) await prune('volume', () => client.volumes.prune({ all: answer === all }));
  }

  async pruneNetworks(): Promise<void> {
    const client = await this.#services.session.connect();
    await askAndPrune('Remove all networks that no container is in?', 'The default network stays.', 'network', () => client.networks.prune());
  }
}

async function askAndPrune(question: string, detail: string, what: string, work: () => Promise<PruneResult>): Promise<void> {
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, 'Remove')) === 'Remove') await prune(what, work);
}

async function prune(what: string, work: () => Promise<PruneResult>): Promise<void> {
  const { removed, reclaimedBytes } = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: `Removing ${what}s` }, work);
  const count = `${removed.length} ${what}${removed.length === 1 ? '' : 's'}`;
  void vscode.window.showInformationMessage(removed.length === 0 ? `There was no ${what} to remove.` : `Removed ${count}${reclaimedBytes > 0 ? `; ${formatBytes(reclaimedBytes)} came free` : ''}.`);
}
