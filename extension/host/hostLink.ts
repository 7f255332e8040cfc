import type { BerthClient } from '../../runtime-host/client/berthClient.ts';

/** One open connection to the runtime host. */
export interface HostLink {
  readonly client: BerthClient;
  /** Draws what stands above lines of configurations anew: “Pull” is there while an image is not. */
  refreshLenses(): void;
  /** Closes the connection; the host goes on. */
  dispose(): Promise<void>;
}
