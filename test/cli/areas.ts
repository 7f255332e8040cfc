import type { CaseArea } from './cliCase.ts';
import { againCases } from './cases/again.ts';
import { copyCases } from './cases/copy.ts';
import { endCases } from './cases/end.ts';
import { errorCases } from './cases/errors.ts';
import { execCases } from './cases/exec.ts';
import { grantCases } from './cases/grants.ts';
import { imageCases } from './cases/images.ts';
import { lifeCases } from './cases/life.ts';
import { listCases } from './cases/list.ts';
import { logCases } from './cases/logs.ts';
import { nameCases } from './cases/names.ts';
import { networkCases } from './cases/networks.ts';
import { observeCases } from './cases/observe.ts';
import { pipeCases } from './cases/pipes.ts';
import { policyCases } from './cases/policies.ts';
import { portCases } from './cases/ports.ts';
import { processCases } from './cases/process.ts';
import { runCases } from './cases/run.ts';
import { terminalCases } from './cases/terminal.ts';
import { volumeCases } from './cases/volumes.ts';
import { worldCases } from './cases/world.ts';

/** All cases, in the order of their areas. */
export const areas: readonly CaseArea[] = [
  runCases, processCases, worldCases, execCases, terminalCases, pipeCases, endCases, lifeCases, againCases, nameCases, listCases, logCases, observeCases, imageCases, volumeCases, networkCases, portCases, policyCases, copyCases, grantCases, errorCases,
];
