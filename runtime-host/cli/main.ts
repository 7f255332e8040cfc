/**
 * The `container` command. This file is a bundle of its own that runs on any Node, so that an old one gets a sentence
 * instead of a syntax error; everything else is loaded after that, from the compile cache where it can be.
 */
import { keepCompiledCode } from '../protocol/quickStart.ts';
import { minimumNode } from '../protocol/version.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < minimumNode[0] || (major === minimumNode[0] && minor < minimumNode[1])) {
  process.stderr.write(`Error: container needs Node ${minimumNode.join('.')} or newer, and this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  keepCompiledCode();
  const { runProgram } = await import('./program.ts');
  await runProgram(process.argv.slice(2));
}
