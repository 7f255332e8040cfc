import { VolumeCreateRequest, VolumeInspectRequest, VolumeListRequest, VolumePruneRequest, VolumeRemoveRequest } from '../protocol/methods.ts';
import { define, define0 } from './method.ts';
import type { Method } from './method.ts';
import { volumeCreate, volumeParams, volumePrune, volumeRemove } from './schemas.ts';

/** volume/…: storage that outlives containers. */
export const volumeMethods: readonly Method[] = [
  define(VolumeCreateRequest, volumeCreate, (spec, { services }) => services.volumes.create(spec)),

  define0(VolumeListRequest, ({ services }) => services.volumes.list()),

  define(VolumeInspectRequest, volumeParams, ({ volume }, { services }) => services.volumes.inspect(volume)),

  define(VolumeRemoveRequest, volumeRemove, async ({ volume, ...options }, { services }) => {
    await services.volumes.remove(volume, options);
    return null;
  }),

  define(VolumePruneRequest, volumePrune, (options, { services }) => services.volumes.prune(options)),
];
