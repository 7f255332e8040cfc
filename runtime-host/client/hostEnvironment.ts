import type { BerthPaths } from '../protocol/paths.ts';

/**
 * For glibc's allocator, which otherwise keeps what the host has freed: the bigger the buffers that were ever freed, the
 * bigger those that come from its heaps, which shrink at their ends only, and rarely. With a limit of our own it stays at
 * that; and few heaps serve all threads. Other allocators take no notice.
 */
const allocatorSettings = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: String(128 * 1024), MALLOC_TRIM_THRESHOLD_: String(4 * 1024 * 1024) };

/** In MiB. V8 would let the part of its heap for new objects grow to three times 16 MiB. */
export const heapOptions = ['--max-semi-space-size=4'];

/** What a runtime host gets from the environment of whoever starts it. */
export function hostEnvironment(paths: BerthPaths, environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const result: NodeJS.ProcessEnv = { ...allocatorSettings, ...environment, BERTH_HOME: paths.home, BERTH_RUNTIME_DIR: paths.runtime };
  if (process.versions['electron']) result['ELECTRON_RUN_AS_NODE'] = '1';
  // VS Code's debugger injects itself through these; the host outlives the window that starts it.
  delete result['NODE_OPTIONS'];
  delete result['VSCODE_INSPECTOR_OPTIONS'];
  return result;
}
