import type * as vscode from 'vscode';
import type { ContainerProcess, ContainerStatistics } from '../../runtime-host/protocol/statistics.ts';
import { HeldWatches } from './heldWatches.ts';
import type { HostSession } from './hostSession.ts';

/** What the containers that somebody looks at use, and which processes are in them. */
export interface UsageWatches extends vscode.Disposable {
  readonly statistics: HeldWatches<ContainerStatistics>;
  readonly processes: HeldWatches<readonly ContainerProcess[]>;
}

export function createUsageWatches(session: HostSession, log: vscode.LogOutputChannel): UsageWatches {
  const statistics = new HeldWatches<ContainerStatistics>({
    name: 'Resource use',
    watch: (client, id) => client.statistics.watch(id),
    unwatch: (client, id) => client.statistics.unwatch(id),
    listen: (client, changed) => client.onStatisticsDidChange((change) => changed(change.id, change.statistics)),
  }, session, log);
  const processes = new HeldWatches<readonly ContainerProcess[]>({
    name: 'Processes',
    watch: (client, id) => client.statistics.watchProcesses(id),
    unwatch: (client, id) => client.statistics.unwatchProcesses(id),
    listen: (client, changed) => client.onProcessesDidChange((change) => changed(change.id, change.processes)),
  }, session, log);
  return {
    statistics, processes,
    dispose: () => {
      statistics.dispose();
      processes.dispose();
    },
  };
}
