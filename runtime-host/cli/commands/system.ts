import type { Command } from 'commander';
import { addSystemDf } from './systemDf.ts';
import { addSystemLogs } from './systemLogs.ts';
import { addSystemPrune } from './systemPrune.ts';
import { addSystemStart } from './systemStart.ts';
import { addSystemStatus } from './systemStatus.ts';
import { addSystemStop } from './systemStop.ts';
import { addSystemVersion } from './systemVersion.ts';

export function addSystem(parent: Command): void {
  const system = parent.command('system').alias('s').description('Work with the runtime host');
  for (const add of [addSystemStart, addSystemStop, addSystemStatus, addSystemDf, addSystemLogs, addSystemPrune, addSystemVersion]) add(system);
}
