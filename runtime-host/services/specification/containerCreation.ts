import type { Logger } from '../../base/log.ts';
import type { OperationOptions } from '../../base/progress.ts';
import type { BerthPaths } from '../../protocol/paths.ts';
import type { ContainerInfo, ContainerSpec } from '../../protocol/types.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import type { ContainerStore } from '../../store/containerStore.ts';
import { Container } from '../container.ts';
import { checkSpec, recordOf } from './containerSpec.ts';
import type { ContainerTable } from '../containerTable.ts';
import { isLocal } from '../images/imageService.ts';
import type { ImageDiskService, ImageService } from '../interfaces.ts';
import type { LogLimits } from '../logs/logLimits.ts';
import type { MountPolicy } from './mountPolicy.ts';
import { wantedConnection } from '../networks/connection.ts';
import type { HostNetworkService } from '../networks/networkService.ts';
import type { VmPlatform } from '../run/vmPlatform.ts';
import { checkDeviceCount, wantedVolumes } from './volumeMounts.ts';
import type { HostVolumeService } from '../volumes/volumeService.ts';

export interface CreationDependencies {
  readonly paths: BerthPaths;
  readonly table: ContainerTable;
  readonly store: ContainerStore;
  readonly volumes: HostVolumeService;
  readonly networks: HostNetworkService;
  readonly images: ImageService;
  readonly disks: ImageDiskService;
  readonly platform: VmPlatform;
  readonly mountPolicy: MountPolicy;
  readonly logLimits: LogLimits;
  readonly log: Logger;
  /** Tells the clients. */
  readonly changed: (container: Container) => void;
}

/** Makes a container, and what it needs: its image, its volumes and its places in networks. */
export async function createContainer(spec: ContainerSpec, options: OperationOptions, deps: CreationDependencies): Promise<ContainerInfo> {
  const mounts = await checkSpec(spec);
  await deps.mountPolicy.check(mounts);
  deps.platform.basis().catch((error: unknown) => deps.log.info('Virtual machines are not possible yet.', { reason: String(error) })); // start() asks again, and tells.
  const identity = deps.table.reserve(spec.name);
  try {
    if (!(await isLocal(deps.images, spec.image))) await deps.images.pull(spec.image, options);
    return await deps.disks.withDisk(spec.image, options, async (disk) => {
      options.signal?.throwIfAborted();
      const record = recordOf(spec, identity, mounts, disk);
      const wanted = wantedVolumes(spec, disk.config.volumes, mounts);
      const connection = wantedConnection(spec, disk.config.exposedPorts);
      checkDeviceCount(mounts.length, wanted.length, connection.networks.length);
      return deps.volumes.provide(identity.id, wanted, (volumes) => deps.networks.provide(identity.id, connection.networks, (networks) =>
        add({ ...record, ...(volumes.length > 0 && { volumes }), connection: { ...connection.options, networks } }, deps)));
    });
  } finally {
    deps.table.release(identity);
  }
}

/** From now on the container exists, on disk and for everybody. */
async function add(record: ContainerRecord, { store, paths, table, logLimits, changed }: CreationDependencies): Promise<ContainerInfo> {
  await store.prepare(record.id);
  try {
    await store.save(record);
  } catch (error) {
    await store.remove(record.id);
    throw error;
  }
  const container = new Container(record, paths.container(record.id), logLimits);
  table.add(container);
  changed(container);
  return container.info();
}
