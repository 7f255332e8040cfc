import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/index.ts';
import { connectionGrants } from '../../runtime-host/devcontainer/connectionGrants.ts';
import { readFolderConfig, type FolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { allowMounts } from '../access/allowMounts.ts';
import { isMadeFrom } from '../commands/folderSpec.ts';
import { workspaceLabel } from '../../runtime-host/protocol/labels.ts';
import type { Services } from '../context.ts';
import { isCancellation, type ErrorReporter } from '../errors.ts';
import type { ContainerTerminals } from '../terminals/containerTerminals.ts';
import { configurationFileLabel, imageLabel } from '../windowContainer.ts';
import { chooseFolder } from './chooseFolder.ts';
import { chooseImageFor } from './chooseImage.ts';
import { tellIgnored, writeChosen } from './afterOpening.ts';
import { chooseConfiguration } from './folderConfiguration.ts';
import { containerOfMoved, decideAboutMoved } from './movedFolder.ts';
import { offerGuestFolders } from './offerGuestFolders.ts';
import { offerCustomizations } from './offerCustomizations.ts';
import type { OpenedFolder } from './openedFolder.ts';
import { withSteps, type OpeningSteps } from './openingSteps.ts';
import { makeContainer, removeUseless, reuseContainer } from './prepareContainer.ts';
import { reportFailure } from './reportFailure.ts';

export interface OpenOptions {
  /** A folder, or a devcontainer.json, that the user has pointed at. */
  readonly target?: vscode.Uri;
  /** Make the container anew, even if it fits: from the image as it is here, or pulled again. */
  readonly rebuild?: 'localImage' | 'pulledImage';
}

/** One opening, with what the user has decided so far: trying again asks nothing twice. */
export interface Attempt extends OpenOptions {
  folder?: string;
  /** The configuration's, when there is one. */
  file?: string;
  /** Instead of the one that the configuration names. */
  image?: string;
  /** The one of the container that a rebuild has made room with, for a folder whose configuration names none. */
  keptImage?: string;
  /** The image is to be written into a configuration once the container runs. */
  write?: boolean;
  /** The user has agreed to lose the folder's container. */
  mayReplace?: boolean;
}

/** “Open Folder in Container”: from a folder to a terminal in its own machine. */
export class OpenFolderCommand {
  readonly #services: Services;
  readonly #terminals: ContainerTerminals;
  readonly #errors: ErrorReporter;
  #busy = false;

  constructor(services: Services, terminals: ContainerTerminals, errors: ErrorReporter) {
    this.#services = services;
    this.#terminals = terminals;
    this.#errors = errors;
  }

  /** Never rejects: what goes wrong is shown, with what can be done about it. */
  async run(options: OpenOptions = {}): Promise<void> {
    await this.#attempt({ ...options });
  }

  /**
   * After a reload: a container that stopped while no window was there is started again; one that was seen to stop stays
   * as it is. Never rejects.
   */
  async resume(): Promise<void> {
    const { window } = this.#services;
    const container = window.current;
    const folder = container?.labels[workspaceLabel];
    if (!container || folder === undefined || !window.inContainer || window.wasStopped || container.state !== 'stopped' || this.#busy) return;
    const path = container.labels[configurationFileLabel];
    const configuration = path === undefined ? {} : { file: join(folder, path) };
    const attempt: Attempt = { folder, ...configuration };
    await this.#guarded(attempt, async () => {
      const plain = await readFolderConfig(folder, configuration);
      const opened = await this.#withSteps(attempt, folder, plain, (client, steps) => reuseContainer(this.#services, client, { folder, plain, container }, steps));
      void offerCustomizations(this.#services, opened);
    });
  }

  async #attempt(attempt: Attempt): Promise<void> {
    if (this.#busy) {
      void vscode.window.showInformationMessage('A container for this window is being prepared already.');
      return;
    }
    await this.#guarded(attempt, () => this.#run(attempt));
  }

  async #guarded(attempt: Attempt, work: () => Promise<void>): Promise<void> {
    this.#busy = true;
    try {
      await work();
    } catch (error) {
      reportFailure(this.#services, this.#errors, error, attempt, (changes) => this.#attempt({ ...attempt, ...changes }));
    } finally {
      this.#busy = false;
    }
  }

  async #run(attempt: Attempt): Promise<void> {
    const services = this.#services;
    const chosen = await chooseFolder(services, attempt.target ?? (attempt.folder === undefined ? undefined : vscode.Uri.file(attempt.folder)));
    if (!chosen) return;
    const { folder } = chosen;
    const configuration = await chooseConfiguration(services, folder, chosen.file);
    if (!configuration) return;
    Object.assign(attempt, { folder, ...configuration });
    const plain = await readFolderConfig(folder, configuration);
    const mounts = await allowMounts(services, folder, plain.mounts, connectionGrants(plain.connections), plain.purposes);
    if (mounts === undefined) return;
    await services.session.connect();

    const existing = services.window.forFolder(folder);
    const use = existing && (await this.#whatToDoWith(existing, folder, plain, attempt));
    if (use === 'nothing') return;
    if (existing && use === 'reuse') {
      const opened = await this.#withSteps(attempt, folder, plain, (client, steps) => reuseContainer(services, client, { folder, plain, container: existing, mounts }, steps));
      this.#showTerminal(opened);
      void offerCustomizations(services, opened);
      return;
    }
    if (use === 'replace') attempt.mayReplace = true;
    const moved = existing ? undefined : containerOfMoved(services.session.containers, folder);
    const replaces = moved ? await decideAboutMoved(moved, folder) : existing;
    if (replaces === 'nothing') return;
    const image = await this.#imageFor(attempt, folder, plain, existing);
    if (image === undefined) return;
    const pullAnew = attempt.rebuild === 'pulledImage';
    const opened = await this.#withSteps(attempt, folder, plain, (client, steps) => makeContainer(services, client, { folder, plain, image, pullAnew, mounts, replaces }, steps));
    this.#showTerminal(opened);
    if (attempt.write && plain.file === undefined) await writeChosen(folder, image);
    tellIgnored(services, opened.config);
    void offerCustomizations(services, opened);
    void offerGuestFolders(services, opened);
  }

  /** The one that the user or the configuration names; a rebuilt container keeps its own; else the user chooses. */
  async #imageFor(attempt: Attempt, folder: string, plain: FolderConfig, existing: ContainerInfo | undefined): Promise<string | undefined> {
    const kept = attempt.rebuild && existing?.labels[imageLabel];
    if (kept !== undefined) attempt.keptImage = kept;
    const known = attempt.image ?? plain.image ?? attempt.keptImage;
    if (known !== undefined) return known;
    const chosen = await chooseImageFor(this.#services, folder, { mayWrite: plain.file === undefined });
    Object.assign(attempt, chosen);
    return chosen?.image;
  }

  /** The folder's container is used if it still fits the configuration; if not, it is the user's to decide. */
  async #whatToDoWith(existing: ContainerInfo, folder: string, plain: FolderConfig, { image, mayReplace, rebuild }: Attempt): Promise<'reuse' | 'replace' | 'nothing'> {
    if (rebuild) return 'replace';
    if (image === undefined && isMadeFrom(existing, plain)) return 'reuse';
    if (mayReplace) return 'replace';
    const why = image === undefined
      ? `The configuration of “${basename(folder)}” has changed since its container was made.`
      : `“${basename(folder)}” has a container already, made from another image.`;
    const answer = await vscode.window.showWarningMessage(
      why,
      { modal: true, detail: 'Making the container anew loses what was changed inside it. The folder itself is not touched.' },
      'Make Anew', 'Use As It Is',
    );
    if (answer === 'Use As It Is') return 'reuse';
    return answer === 'Make Anew' ? 'replace' : 'nothing';
  }

  /**
   * From here on everything is seen in the progress and in the log, and in the end the window is in the container. It is,
   * too, when only a command of the configuration has failed: then there is something to look at.
   */
  async #withSteps({ rebuild }: Attempt, folder: string, plain: FolderConfig, open: (client: BerthClient, steps: OpeningSteps) => Promise<OpenedFolder>): Promise<OpenedFolder> {
    const services = this.#services;
    const { setupLog, session, window, lifecycle } = services;
    const started = Date.now();
    const title = rebuild ? `Rebuilding the container of ${basename(folder)}` : `Opening ${basename(folder)} in a container`;
    setupLog.step(`${title} (${folder})`);
    let inside: OpenedFolder | undefined;
    try {
      const opened = await withSteps(services, title, async (steps) => {
        const client = await session.connect();
        return lifecycle.around(folder, plain, steps, async () => (inside = await open(client, steps)));
      });
      setupLog.step(`“${opened.container.name}” is ready, after ${((Date.now() - started) / 1000).toFixed(1)} s.`);
      await window.setInContainer(true);
      return opened;
    } catch (error) {
      if (inside) await this.#endedEarly(inside, isCancellation(error));
      throw error;
    }
  }

  /** The commands of a configuration did not all run: a container that was made for that goes if the user does not want it. */
  async #endedEarly(opened: OpenedFolder, cancelled: boolean): Promise<void> {
    if (cancelled) {
      if (opened.created) await removeUseless(this.#services, opened.client, opened.container);
      return;
    }
    await this.#services.window.setInContainer(true);
    this.#showTerminal(opened);
  }

  #showTerminal({ container }: OpenedFolder): void {
    if (!this.#terminals.reveal(container)) this.#terminals.openShell(container);
  }
}
