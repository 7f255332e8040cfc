/** The runtime host's program. A bundle of its own, so that what it loads comes from the compile cache. */
import { keepCompiledCode } from './protocol/quickStart.ts';

keepCompiledCode();
const { runHostProgram } = await import('./hostProgram.ts');
await runHostProgram();
