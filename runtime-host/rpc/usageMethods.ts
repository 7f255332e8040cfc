import { ContainerPruneRequest, ImagePruneRequest, SystemUsageRequest } from '../protocol/methods.ts';
import { define, define0 } from './method.ts';
import type { Method } from './method.ts';
import { prune } from './schemas.ts';

/** What takes room on the disk, and getting it back. */
export const usageMethods: readonly Method[] = [
  define0(SystemUsageRequest, ({ services }) => services.usage.report()),
  define(ContainerPruneRequest, prune, (filters, { services }) => services.usage.pruneContainers(filters)),
  define(ImagePruneRequest, prune, (filters, { services }) => services.usage.pruneImages(filters)),
];
