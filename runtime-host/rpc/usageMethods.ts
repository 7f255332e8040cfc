import { ContainerPruneRequest, ImagePruneRequest, SystemUsageRequest } from '../protocol/methods.ts';
import { define0 } from './method.ts';
import type { Method } from './method.ts';

/** What takes room on the disk, and getting it back. */
export const usageMethods: readonly Method[] = [
  define0(SystemUsageRequest, ({ services }) => services.usage.report()),
  define0(ContainerPruneRequest, ({ services }) => services.usage.pruneContainers()),
  define0(ImagePruneRequest, ({ services }) => services.usage.pruneImages()),
];
