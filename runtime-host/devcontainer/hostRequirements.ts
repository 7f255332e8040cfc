import { BerthError } from '../protocol/errors.ts';
import { isObject } from './jsonText.ts';

/** What a configuration wants of the machine. */
export interface HostRequirements {
  readonly cpus?: number;
  readonly memoryBytes?: number;
  readonly storageBytes?: number;
  /** `optional`: used where there is one. */
  readonly gpu?: boolean | 'optional' | { readonly cores?: number; readonly memoryBytes?: number };
}

/** What a machine has. */
export interface Machine {
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Free where containers' disks are. Absent: not known. */
  readonly storageBytes?: number;
}

/** @param value what has the shape of `hostRequirements` */
export function readHostRequirements(value: unknown): HostRequirements | undefined {
  if (!isObject(value)) return undefined;
  const cpus = typeof value['cpus'] === 'number' && value['cpus'] > 0 ? Math.ceil(value['cpus']) : undefined;
  const memoryBytes = bytesOf(value['memory']);
  const storageBytes = bytesOf(value['storage']);
  const gpu = gpuOf(value['gpu']);
  const found: HostRequirements = {
    ...(cpus !== undefined && { cpus }), ...(memoryBytes !== undefined && { memoryBytes }), ...(storageBytes !== undefined && { storageBytes }), ...(gpu !== undefined && { gpu }),
  };
  return Object.keys(found).length > 0 ? found : undefined;
}

/**
 * Refuses what a machine does not have.
 * @param file how the configuration is called in the message
 * @throws BerthError DevContainerInvalid
 */
export function requireOf(machine: Machine, { cpus = 0, memoryBytes = 0, storageBytes = 0 }: HostRequirements, file: string): void {
  const lacks = (property: string, wanted: string, has: string): BerthError => new BerthError(
    'DevContainerInvalid', `“hostRequirements.${property}” in ${file} asks for ${wanted}; this machine has ${has}. Lower it, or open the folder on a larger machine.`, { data: { property: `hostRequirements.${property}` } },
  );
  if (cpus > machine.cpus) throw lacks('cpus', `${cpus} processors`, String(machine.cpus));
  if (memoryBytes > machine.memoryBytes) throw lacks('memory', inGigabytes(memoryBytes), inGigabytes(machine.memoryBytes));
  if (machine.storageBytes !== undefined && storageBytes > machine.storageBytes) throw lacks('storage', inGigabytes(storageBytes), `${inGigabytes(machine.storageBytes)} free`);
}

function gpuOf(value: unknown): HostRequirements['gpu'] {
  if (typeof value === 'boolean' || value === 'optional') return value;
  if (!isObject(value)) return undefined;
  const memoryBytes = bytesOf(value['memory']);
  return { ...(typeof value['cores'] === 'number' && { cores: value['cores'] }), ...(memoryBytes !== undefined && { memoryBytes }) };
}

const units: Readonly<Record<string, number>> = { '': 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, tb: 1024 ** 4 };

/** A number of bytes, or a text with a unit such as `4gb`, in powers of 1024; undefined for anything else. */
export function bytesOf(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const match = /^(\d+)([kmgt]b)?$/i.exec(String(value));
  return match ? Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? 1) : undefined;
}

function inGigabytes(bytes: number): string {
  return `${Number((bytes / 1024 ** 3).toFixed(1))} GB`;
}
