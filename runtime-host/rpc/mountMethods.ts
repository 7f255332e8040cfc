import { MountCheckRequest } from '../protocol/methods.ts';
import { define } from './method.ts';
import type { Method } from './method.ts';
import { mountCheck } from './schemas.ts';

/** mount/…: directories of the host, before a container shares them. */
export const mountMethods: readonly Method[] = [
  define(MountCheckRequest, mountCheck, ({ mounts }, { services }) => services.mounts.refusals(mounts)),
];
