import type { BerthClient } from '../../runtime-host/client/index.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { FolderConfig } from '../../runtime-host/devcontainer/folderConfig.ts';

/** A folder whose container runs. */
export interface OpenedFolder {
  readonly client: BerthClient;
  /** Real path. */
  readonly folder: string;
  readonly config: FolderConfig;
  readonly container: ContainerInfo;
  /** Whether the container has been made just now. */
  readonly created: boolean;
}
