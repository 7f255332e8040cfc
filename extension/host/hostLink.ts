import type { BerthClient } from '../../runtime-host/client/berthClient.ts';

/** One open connection to the runtime host. */
export interface HostLink {
  readonly client: BerthClient;
  /** Closes the connection; the host goes on. */
  dispose(): Promise<void>;
}
