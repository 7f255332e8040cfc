import type { Logger } from '../base/log.ts';
import type { Archives } from '../services/files/archiveService.ts';
import type { Connections } from '../services/connections/connectionService.ts';
import type { ContainerService, ImageService, NetworkService, PolicyService, StatisticsService, VolumeService } from '../services/interfaces.ts';
import type { GrantService } from '../services/access/grantService.ts';
import type { ShareService } from '../services/access/shareService.ts';
import type { Uses } from '../services/use/containerUses.ts';
import type { Sessions } from '../services/sessions/sessionService.ts';
import type { UsageService } from '../services/usageService.ts';
import type { MountPolicy } from '../services/specification/mountPolicy.ts';

/** What the RPC layer offers to clients. */
export interface HostServices {
  readonly images: ImageService;
  readonly containers: ContainerService;
  readonly volumes: VolumeService;
  readonly networks: NetworkService;
  readonly policies: PolicyService;
  readonly statistics: StatisticsService;
  readonly usage: UsageService;
  readonly archives: Archives;
  readonly connections: Connections;
  readonly sessions: Sessions;
  readonly shares: Pick<ShareService, 'share' | 'unshare'>;
  readonly grants: Pick<GrantService, 'list' | 'decide' | 'revoke' | 'onDidChange'>;
  readonly uses: Uses;
  readonly mounts: Pick<MountPolicy, 'refusals'>;
}

/** The host process itself, as the RPC layer sees it. */
export interface HostProcess {
  readonly log: Logger;
  readonly home: string;
  readonly startedAt: Date;
  /** Settles when services are wired and running containers have been found again. */
  readonly services: Promise<HostServices>;
  /** Version of the QEMU that VMs use; undefined where there is none. */
  qemuVersion(): Promise<string | undefined>;
  /** Ends the host in good order, soon. */
  requestStop(reason: string): void;
}
