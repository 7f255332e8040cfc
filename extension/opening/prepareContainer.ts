import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/index.ts';
import { connectionGrants } from '../../runtime-host/devcontainer/connectionGrants.ts';
import { readFolderConfig, type FolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { connectionOptionNames } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo, ImageInfo, Mount } from '../../runtime-host/protocol/types.ts';
import { allowMounts, shareMissing } from '../access/allowMounts.ts';
import { forceProtected } from '../access/forceProtected.ts';
import { applyPolicy, policyWasApplied } from '../commands/applyPolicy.ts';
import { folderSpec, isMadeFrom } from '../commands/folderSpec.ts';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { containerName } from '../views/format.ts';
import { containerConfig } from './folderConfiguration.ts';
import { giveGuestFolders, guestFolderTargets } from './guestFolders.ts';
import type { OpenedFolder } from './openedFolder.ts';
import type { OpeningSteps } from './openingSteps.ts';

/** What is to be created, and which container it takes the place of. */
export interface WantedContainer {
  /** Real path. */
  readonly folder: string;
  /** The folder's configuration as it is without an image. */
  readonly plain: FolderConfig;
  readonly image: string;
  /** Fetch the image even if it is here: its tag may name a newer one. */
  readonly pullAnew: boolean;
  /** What the user has been asked about already. */
  readonly mounts: readonly Mount[];
  readonly replaces: ContainerInfo | undefined;
}

/**
 * Makes the folder's container and starts it. Nothing is left of one that does not come to run, and the one that it
 * takes the place of is there until the image of the new one is.
 * @throws BerthError; a CancellationError or AbortError when the user does not want it any more
 */
export async function makeContainer(services: Services, client: BerthClient, wanted: WantedContainer, steps: OpeningSteps): Promise<OpenedFolder> {
  const { folder, plain, image, replaces } = wanted;
  const info = await fetchImage(client, wanted, steps);
  const config = await readFolderConfig(folder, { ...(plain.file !== undefined && { file: plain.file }), image: info });
  const mounts = await shareable(services, client, wanted, config);
  const taken = new Set(services.session.containers.filter(({ id }) => id !== replaces?.id).map(({ name }) => name));
  const spec = folderSpec({ folder, config, plain, mounts, image, name: containerName(basename(folder), taken) });
  const created = await services.window.replacing(async () => {
    // Only now, so that a wrong setting or an image that is not to be had costs nobody their container.
    if (replaces) {
      steps.begin(`Removing the container “${replaces.name}”, which makes room for the new one…`);
      await client.containers.remove(replaces.id, { force: true, volumes: true });
    }
    steps.begin(`Creating the container “${spec.name ?? ''}” from ${image}…`);
    return client.containers.create(spec, { signal: steps.signal, progress: steps.bar.share(60, 85) }).catch((error: unknown) => {
      throw pointToFile(error, config);
    });
  });
  try {
    await policyWasApplied(services, created, config.connections);
    const container = await start(services, client, created, steps, 85);
    await giveGuestFolders(client, container, config, guestFolderTargets(folder, config), steps);
    return { client, folder, config, container, created: true };
  } catch (error) {
    await removeUseless(services, client, created);
    throw error;
  }
}

/** A folder's container that is used as it is. */
export interface ExistingContainer {
  readonly folder: string;
  readonly plain: FolderConfig;
  readonly container: ContainerInfo;
  /** What the user allows it to see; absent: what it sees already. */
  readonly mounts?: readonly Mount[];
}

/** Starts the folder's container, if it does not run. */
export async function reuseContainer(services: Services, client: BerthClient, { folder, plain, container: existing, mounts }: ExistingContainer, steps: OpeningSteps): Promise<OpenedFolder> {
  // Before it starts, so that it never runs with more than its configuration says.
  const isSame = isMadeFrom(existing, plain);
  if (isSame) await applyPolicy(services, client, existing, plain.connections);
  const current = isSame && mounts ? await shareMissing(client, existing, mounts) : existing;
  const container = await start(services, client, current, steps, 0);
  return { client, folder, config: (await containerConfig(services, container)) ?? plain, container, created: false };
}

/** A container that never was of use is none to anybody. Never rejects. */
export async function removeUseless({ log }: Services, client: BerthClient, container: ContainerInfo): Promise<void> {
  await client.containers.remove(container.id, { force: true, volumes: true }).catch((failure: unknown) => {
    log.error(`The container “${container.name}”, which was not completed, could not be removed: ${describe(failure)}`);
  });
}

async function fetchImage(client: BerthClient, { image, pullAnew }: WantedContainer, steps: OpeningSteps): Promise<ImageInfo> {
  if (!pullAnew) {
    try {
      return await client.images.inspect(image);
    } catch (error) {
      if (!(error instanceof BerthError) || error.code !== 'ImageNotFound') throw error;
    }
  }
  steps.begin(`Pulling ${image}…`);
  return client.images.pull(image, { signal: steps.signal, progress: steps.bar.share(0, 60) });
}

/** What is shared, as the user allows it: the image may ask for more than the file did. */
async function shareable(services: Services, client: BerthClient, { folder, plain, mounts }: WantedContainer, config: FolderConfig): Promise<readonly Mount[]> {
  const asks = ({ mounts: wanted, connections }: FolderConfig): string => JSON.stringify([wanted, connectionGrants(connections)]);
  const allowed = asks(config) === asks(plain) ? mounts : await allowMounts(services, folder, config.mounts, connectionGrants(config.connections), config.purposes);
  const shared = allowed && (await forceProtected(client, [{ source: folder, ...config.workspaceMount }, ...allowed]));
  if (!shared) throw new vscode.CancellationError();
  return shared;
}

async function start({ log }: Services, client: BerthClient, container: ContainerInfo, steps: OpeningSteps, from: number): Promise<ContainerInfo> {
  if (container.state === 'running') return container;
  steps.begin('Starting the machine…');
  const started = Date.now();
  const running = await client.containers.start(container.id, { signal: steps.signal, progress: steps.bar.share(from, 100) });
  log.info(`“${running.name}” started in ${Date.now() - started} ms.`);
  return running;
}

/** The host does not know where a mount or a network comes from; the user should see the file that asks for it. */
function pointToFile(error: unknown, { file }: FolderConfig): unknown {
  if (!(error instanceof BerthError) || file === undefined) return error;
  const option = error.data?.['option'];
  const isOurs = option === 'mounts' || connectionOptionNames.some((name) => name === option);
  if (!(error.code === 'InvalidArgument' && isOurs) && error.code !== 'NetworkNotFound') return error;
  return new BerthError('DevContainerInvalid', error.message, { cause: error, data: { file } });
}
