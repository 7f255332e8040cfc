import * as methods from '../protocol/methods.ts';
import { ClientWatches } from './clientWatches.ts';
import { define } from './method.ts';
import type { Method } from './method.ts';
import { containerParams } from './schemas.ts';

const statisticsWatches = new ClientWatches();
const processesWatches = new ClientWatches();

/** What running containers do and use. */
export const statisticsMethods: readonly Method[] = [
  define(methods.ContainerStatisticsRequest, containerParams, ({ container }, { services }) => services.statistics.statistics(container)),

  define(methods.ContainerProcessesRequest, containerParams, ({ container }, { services }) => services.statistics.processes(container)),

  define(methods.StatisticsWatchRequest, containerParams, async ({ container }, { services, client }) => {
    const watch = await services.statistics.watchStatistics(container, (id, statistics) => {
      if (!statistics) statisticsWatches.ended(client, id);
      client.notify(methods.StatisticsDidChange, { id, ...(statistics && { statistics }) });
    });
    statisticsWatches.add(client, watch.id, watch);
    return watch.latest;
  }),

  define(methods.StatisticsUnwatchRequest, containerParams, async ({ container }, { services, client }) => {
    statisticsWatches.stop(client, (await services.containers.inspect(container)).id);
    return null;
  }),

  define(methods.ProcessesWatchRequest, containerParams, async ({ container }, { services, client }) => {
    const watch = await services.statistics.watchProcesses(container, (id, processes) => {
      if (!processes) processesWatches.ended(client, id);
      client.notify(methods.ProcessesDidChange, { id, ...(processes && { processes }) });
    });
    processesWatches.add(client, watch.id, watch);
    return watch.latest;
  }),

  define(methods.ProcessesUnwatchRequest, containerParams, async ({ container }, { services, client }) => {
    processesWatches.stop(client, (await services.containers.inspect(container)).id);
    return null;
  }),
];
