import { rm } from 'node:fs/promises';
import type { Logger } from '../base/log.ts';
import { ContentStore } from '../oci/contentStore.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import { version } from '../protocol/version.ts';
import { findQemu, hostArchitecture, qemuVersion } from '../vm/qemu.ts';
import { BerthError } from '../protocol/errors.ts';
import { ArchiveService } from './files/archiveService.ts';
import { ConnectionService } from './connections/connectionService.ts';
import { createContainerService } from './containerService.ts';
import { ClockService, type ClockServiceOptions } from './run/clockService.ts';
import { ContainerTable } from './containerTable.ts';
import { Ext4ImageDiskService } from './images/imageDiskService.ts';
import { RegistryImageService } from './images/imageService.ts';
import type { GrantService } from './access/grantService.ts';
import type { ShareService } from './access/shareService.ts';
import type { ContainerService, ImageDiskService, ImageService, NetworkService, PolicyService, StatisticsService, VolumeService } from './interfaces.ts';
import { HostNetworkService } from './networks/networkService.ts';
import { HostVolumeService } from './volumes/volumeService.ts';
import type { Uses } from './use/containerUses.ts';
import { SessionService, type Sessions } from './sessions/sessionService.ts';
import { UsageService } from './usageService.ts';
import { MountPolicy } from './specification/mountPolicy.ts';
import { VmStatisticsService } from './statisticsService.ts';
import type { VmLimits } from './run/vmLimits.ts';

export interface Services {
  readonly images: ImageService;
  readonly disks: ImageDiskService;
  readonly containers: ContainerService;
  readonly volumes: VolumeService;
  readonly networks: NetworkService;
  readonly policies: PolicyService;
  readonly statistics: StatisticsService;
  readonly usage: UsageService;
  readonly archives: ArchiveService;
  readonly shares: ShareService;
  readonly grants: GrantService;
  readonly mounts: MountPolicy;
  readonly connections: ConnectionService;
  readonly sessions: Sessions;
  readonly uses: Uses;
  /** Version of the QEMU that VMs would use now; undefined when there is none. */
  qemuVersion(): Promise<string | undefined>;
}

export interface ServicesOptions {
  readonly paths: BerthPaths;
  readonly log: Logger;
  readonly environment: NodeJS.ProcessEnv;
  readonly limits?: Partial<VmLimits>;
  /** For tests: other clocks than this machine's. */
  readonly clock?: Pick<ClockServiceOptions, 'clocks' | 'intervalMilliseconds'>;
}

/** Joins the host's services to each other. `containers.adopt()` is up to the caller. */
export async function createServices({ paths, log, environment, limits, clock }: ServicesOptions): Promise<Services> {
  const store = await ContentStore.open(paths.content, log);
  const images = new RegistryImageService({ store, logger: log, isInUse: async (image) => (await containersOf(image)).length > 0, afterRemoval: () => containers.pruneDisks(), makeRoom: () => rm(paths.compileCache, { recursive: true, force: true }) });
  const disks = new Ext4ImageDiskService({ paths, store, logger: log });
  const table = new ContainerTable();
  new ClockService({ table, log, ...clock }); // Lives as long as the table.
  const volumes = new HostVolumeService({ paths, table, log });
  const networks = new HostNetworkService({ paths, table, log });
  const containers = createContainerService({ paths, table, volumes, networks, images, disks, log, version, environment, ...(limits && { limits }) });
  const containersOf = async ({ reference, manifestDigest }: { reference: string; manifestDigest: string | undefined }): Promise<unknown[]> =>
    (await containers.list({ all: true })).filter((container) => container.image === reference || container.manifestDigest === manifestDigest);
  const usage = new UsageService({ paths, images, containers, volumes, imageFiles: (reference) => disks.filesOf(reference) });
  return { images, disks, containers, volumes, networks, policies: containers.policies, shares: containers.access.shares, grants: containers.access.grants, statistics: new VmStatisticsService(table), usage, archives: new ArchiveService(containers.files), mounts: new MountPolicy(paths, environment), connections: new ConnectionService(table, log), sessions: new SessionService(table, log), uses: containers.uses, qemuVersion: () => installedQemu(environment) };
}

async function installedQemu(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    return await qemuVersion(await findQemu(hostArchitecture(), environment));
  } catch (error) {
    if (error instanceof BerthError && error.code === 'QemuMissing') return undefined;
    throw error;
  }
}
