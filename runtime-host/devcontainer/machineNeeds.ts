import type { FolderConfig } from './folderConfig.ts';
import { requireOf, type Machine } from './hostRequirements.ts';

/** What the settings say about new virtual machines. */
export interface UsualMachine {
  readonly memoryBytes: number;
  /** Absent: the host's choice, half of what there is. */
  readonly cpus?: number;
}

/**
 * The size of a folder's virtual machine: as usual, but at least what the configuration requires, and exactly what its
 * `runArgs` say.
 * @throws BerthError DevContainerInvalid when this machine has less than is required
 */
export function machineFor({ hostRequirements = {}, machine, file }: FolderConfig, usual: UsualMachine, here: Machine): UsualMachine {
  requireOf(here, hostRequirements, file ?? 'devcontainer.json');
  const { cpus: least = 0, memoryBytes: leastMemory = 0 } = hostRequirements;
  const half = Math.max(1, Math.floor(here.cpus / 2));
  const cpus = machine.cpus || (usual.cpus !== undefined || least > half ? Math.max(usual.cpus ?? 0, least) : undefined);
  return { memoryBytes: machine.memoryBytes || Math.max(usual.memoryBytes, leastMemory), ...(cpus !== undefined && { cpus }) };
}
