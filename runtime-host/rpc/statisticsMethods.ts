import * as methods from '../protocol/methods.ts';
import { define } from './method.ts';
import type { Method } from './method.ts';
import { containerParams } from './schemas.ts';

/** What running containers do and use. */
export const statisticsMethods: readonly Method[] = [
  define(methods.ContainerStatisticsRequest, containerParams, ({ container }, { services }) => services.statistics.statistics(container)),

  define(methods.ContainerProcessesRequest, containerParams, ({ container }, { services }) => services.statistics.processes(container)),
];
