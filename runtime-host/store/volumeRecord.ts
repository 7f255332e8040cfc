import { volumeDrivers, type VolumeDriver } from '../protocol/volumes.ts';

/** volumes/<name>/volume.json: everything about a volume but its content. */
export interface VolumeRecord {
  readonly version: 1;
  readonly name: string;
  readonly driver: VolumeDriver;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
  /** Id of the container that it was made for, and goes with if that is lost. */
  readonly container?: string;
  /** Size of an ext4 disk in bytes. */
  readonly sizeBytes?: number;
}

/**
 * A record as it was written, or the name of the first member that is not as it must be.
 * @param name of the directory that it lies in, which it must name
 */
export function parseVolumeRecord(text: string, name: string): VolumeRecord | { readonly wrong: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { wrong: 'not JSON' };
  }
  if (!isObject(value)) return { wrong: 'not an object' };
  const record = value as Partial<VolumeRecord>;
  const isSize = Number.isSafeInteger(record.sizeBytes) && record.sizeBytes! > 0;
  const checks: Readonly<Record<keyof VolumeRecord, boolean>> = {
    version: record.version === 1,
    name: record.name === name,
    driver: volumeDrivers.includes(record.driver as VolumeDriver),
    createdAt: typeof record.createdAt === 'string',
    labels: isObject(record.labels) && Object.values(record.labels).every((label) => typeof label === 'string'),
    anonymous: typeof record.anonymous === 'boolean',
    container: record.container === undefined || typeof record.container === 'string',
    sizeBytes: record.driver === 'ext4' ? isSize : record.sizeBytes === undefined,
  };
  const wrong = Object.entries(checks).find(([, isRight]) => !isRight);
  return wrong ? { wrong: wrong[0] } : (value as unknown as VolumeRecord);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
