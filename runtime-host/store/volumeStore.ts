import type { Logger } from '../base/log.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import { volumeNamePattern } from '../protocol/volumes.ts';
import { NamedStore } from './namedStore.ts';
import { parseVolumeRecord, type VolumeRecord } from './volumeRecord.ts';

/** The volumes on disk: volumes/<name>/volume.json, and their files beside it. */
export class VolumeStore extends NamedStore<VolumeRecord> {
  constructor(paths: BerthPaths, log: Logger) {
    super({ noun: 'volume', root: paths.volumes, pathsOf: (name) => paths.volume(name), pattern: volumeNamePattern, parse: parseVolumeRecord }, log);
  }
}
