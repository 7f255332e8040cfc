import { BerthError } from '../protocol/errors.ts';

/** What a configuration wants of the machine. */
export interface HostRequirements {
  readonly cpus?: number;
  readonly memoryBytes?: number;
  readonly storageBytes?: number;
  /** `optional`: used where there is one. */
  readonly gpu?: boolean | 'optional' | { readonly cores?: number; readonly memoryBytes?: number };
}

/** @throws BerthError DevContainerInvalid */
export function readHostRequirements(value: unknown, file: string): HostRequirements | undefined {
  if (value === undefined || value === null) return undefined;
  const wanted = objectOf(value, 'hostRequirements', file);
  const cpus = wholeNumber(wanted['cpus'], 'hostRequirements.cpus', file);
  const memoryBytes = bytesOf(wanted['memory'], 'hostRequirements.memory', file);
  const storageBytes = bytesOf(wanted['storage'], 'hostRequirements.storage', file);
  const gpu = gpuOf(wanted['gpu'], file);
  const found: HostRequirements = {
    ...(cpus !== undefined && { cpus }), ...(memoryBytes !== undefined && { memoryBytes }), ...(storageBytes !== undefined && { storageBytes }), ...(gpu !== undefined && { gpu }),
  };
  return Object.keys(found).length > 0 ? found : undefined;
}

function gpuOf(value: unknown, file: string): HostRequirements['gpu'] {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean' || value === 'optional') return value;
  const wanted = objectOf(value, 'hostRequirements.gpu', file, 'true, false, “optional” or an object');
  const cores = wholeNumber(wanted['cores'], 'hostRequirements.gpu.cores', file);
  const memoryBytes = bytesOf(wanted['memory'], 'hostRequirements.gpu.memory', file);
  return { ...(cores !== undefined && { cores }), ...(memoryBytes !== undefined && { memoryBytes }) };
}

const units: Readonly<Record<string, number>> = { '': 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, tb: 1024 ** 4 };

/** A number of bytes, or a text with a unit such as `4gb`; units are powers of 1024. */
function bytesOf(value: unknown, property: string, file: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const match = /^(\d+)([kmgt]b)?$/i.exec(String(value).trim());
  if (!match || (typeof value !== 'string' && typeof value !== 'number')) throw wrong(property, file, 'a number of bytes, or a text such as "4gb"');
  return Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? 1);
}

function wholeNumber(value: unknown, property: string, file: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) throw wrong(property, file, 'a whole number, at least 1');
  return value;
}

function objectOf(value: unknown, property: string, file: string, wanted = 'an object'): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(property, file, wanted);
  return value as Record<string, unknown>;
}

function wrong(property: string, file: string, wanted: string): BerthError {
  return new BerthError('DevContainerInvalid', `“${property}” in ${file} must be ${wanted}.`);
}
