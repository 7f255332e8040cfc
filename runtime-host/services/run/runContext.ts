import type { Logger } from '../../base/log.ts';
import type { ContainerPaths } from '../../protocol/paths.ts';
import type { ContainerRecord } from '../../store/containerRecord.ts';
import type { GuestConnections } from '../connections/guestConnections.ts';
import type { ContainerLog } from '../logs/containerLog.ts';
import type { VmLimits } from './vmLimits.ts';

/** What a run needs to know; the same for a VM that is started and one that is adopted. */
export interface RunContext {
  readonly record: ContainerRecord;
  readonly paths: ContainerPaths;
  readonly output: ContainerLog;
  readonly log: Logger;
  readonly hostVersion: string;
  readonly limits: VmLimits;
  /** Tells the user, whatever they are doing with Berth. */
  readonly notify: (message: string) => void;
  /** Called when the VM was paused for a failing disk, or goes on. */
  readonly pauseChanged: () => void;
}

/** What of the host a run gets. */
export interface RunSurroundings {
  /** Variables that neither the image nor the user has a say in unless they set them themselves. */
  readonly environment: readonly string[];
  /** PEM, one certificate each. */
  readonly certificates: readonly Uint8Array[];
  /** Makes what the first process must find in the container. @throws BerthError InvalidArgument, GuestFailed */
  prepare(guest: GuestConnections): Promise<void>;
}
