import { allocatedBytes } from '../base/allocatedBytes.ts';
import { BerthError } from '../protocol/errors.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import type { DiskUsage, PruneFilters, PruneResult, UsageGroup, UsageItem } from '../protocol/types.ts';
import type { ContainerService, ImageService, VolumeService } from './interfaces.ts';
import { isMeant } from './pruneFilters.ts';

export interface UsageServiceOptions {
  readonly paths: BerthPaths;
  readonly images: ImageService;
  readonly containers: ContainerService;
  readonly volumes: VolumeService;
  /** Every file that an image needs: blobs and disk, whether they are there or not. */
  readonly imageFiles: (reference: string) => Promise<readonly string[]>;
}

/** What takes room on this machine's disk, in allocated bytes, and how to get it back. */
export class UsageService {
  readonly #options: UsageServiceOptions;

  constructor(options: UsageServiceOptions) {
    this.#options = options;
  }

  async report(): Promise<DiskUsage> {
    return { images: await this.#images(), containers: await this.#containers(), volumes: await this.#volumes() };
  }

  /** Removes the containers that do not run and are not about to. One that starts meanwhile stays. */
  async pruneContainers(filters: PruneFilters = {}): Promise<PruneResult> {
    const { containers, paths } = this.#options;
    const removed: string[] = [];
    let reclaimedBytes = 0;
    for (const { id, state, restarting, labels, createdAt } of await containers.list({ all: true })) {
      if (!isMeant({ labels, createdAt }, filters) || restarting || (state !== 'created' && state !== 'stopped')) continue;
      const bytes = await allocatedBytes(paths.container(id).directory);
      try {
        await containers.remove(id);
      } catch (error) {
        if (error instanceof BerthError && (error.code === 'ContainerRunning' || error.code === 'ContainerNotFound')) continue;
        throw error;
      }
      removed.push(id);
      reclaimedBytes += bytes;
    }
    return { removed, reclaimedBytes };
  }

  /** Removes the images that no container uses, with their disks. */
  async pruneImages(filters: PruneFilters = {}): Promise<PruneResult> {
    const { images, paths } = this.#options;
    const taken = async (): Promise<number> => (await allocatedBytes(paths.content)) + (await allocatedBytes(paths.disks));
    const before = await taken();
    const removed: string[] = [];
    for (const { reference, labels, created } of await images.list()) {
      if (!isMeant({ ...(labels && { labels }), createdAt: created }, filters)) continue;
      try {
        await images.remove(reference);
        removed.push(reference);
      } catch (error) {
        if (!(error instanceof BerthError) || (error.code !== 'ImageInUse' && error.code !== 'ImageNotFound')) throw error;
      }
    }
    return { removed, reclaimedBytes: Math.max(0, before - (await taken())) };
  }

  /** Images share layers, so the sum of the items may be more than the group takes. */
  async #images(): Promise<UsageGroup> {
    const { images, containers, paths, imageFiles } = this.#options;
    const users = await containers.list({ all: true });
    const items: UsageItem[] = [];
    const needed = new Set<string>();
    for (const { reference, manifestDigest } of await images.list()) {
      const files = await imageFiles(reference);
      const inUse = users.some((user) => user.image === reference || user.manifestDigest === manifestDigest);
      if (inUse) for (const file of files) needed.add(file);
      items.push({ name: reference, bytes: await total(files), inUse });
    }
    const bytes = (await allocatedBytes(paths.content)) + (await allocatedBytes(paths.disks));
    return group(items, bytes, Math.max(0, bytes - (await total(needed))));
  }

  async #containers(): Promise<UsageGroup> {
    const { containers, paths } = this.#options;
    const items: UsageItem[] = [];
    for (const { id, name, state, restarting } of await containers.list({ all: true })) {
      items.push({ name, bytes: await allocatedBytes(paths.container(id).directory), inUse: restarting === true || (state !== 'created' && state !== 'stopped') });
    }
    const bytes = sum(items);
    return group(items, bytes, sum(items.filter(({ inUse }) => !inUse)));
  }

  async #volumes(): Promise<UsageGroup> {
    const items = (await this.#options.volumes.list()).map(({ name, allocatedBytes: bytes, containers }) => ({ name, bytes, inUse: containers.length > 0 }));
    return group(items, sum(items), sum(items.filter(({ inUse }) => !inUse)));
  }
}

function group(items: readonly UsageItem[], bytes: number, reclaimableBytes: number): UsageGroup {
  return { total: items.length, active: items.filter(({ inUse }) => inUse).length, bytes, reclaimableBytes, items };
}

function sum(items: readonly UsageItem[]): number {
  return items.reduce((bytes, item) => bytes + item.bytes, 0);
}

async function total(paths: Iterable<string>): Promise<number> {
  let bytes = 0;
  for (const path of new Set(paths)) bytes += await allocatedBytes(path);
  return bytes;
}
