import { existsSync } from 'node:fs';
import module from 'node:module';
import { BerthPaths } from './paths.ts';

/**
 * Lets Node keep what it compiles, inside the user's private data directory: in the shared temporary directory, where
 * Node would put it, another user could leave code for us. Does nothing before the directory exists.
 */
export function keepCompiledCode(paths = new BerthPaths()): void {
  if (existsSync(paths.home)) module.enableCompileCache(paths.compileCache);
}
