import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { isNodeError } from '../../runtime-host/protocol/errors.ts';
import type { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';

/** What no boot log may hold: the kernel's own warnings, and vminitd's, which is quiet in normal operation. */
const trouble = /\bWARNING: |\bBUG: |\bOops\b|Call Trace|blocked for more than|lockup|\bstall(s|ed)?\b.*\b(CPU|task)|Kernel panic|general protection|unchecked MSR|I\/O error|EXT4-fs (error|warning)|vminitd: |^panic: |^fatal error: /m;

/**
 * Keeps the boot log of every machine that runs, also of those whose containers are removed, and looks at all of them in
 * the end. Feed it every change of a container.
 */
export class BootLogs {
  readonly #paths: BerthPaths;
  readonly #open: { readonly container: string; readonly file: number }[] = [];
  readonly #seen = new Set<string>();

  constructor(paths: BerthPaths) {
    this.#paths = paths;
  }

  readonly notice = ({ id, info }: { readonly id: string; readonly info?: ContainerInfo }): void => {
    if (info?.state !== 'running' || this.#seen.has(`${id} ${info.vmPid}`)) return;
    this.#seen.add(`${id} ${info.vmPid}`);
    try {
      this.#open.push({ container: info.name, file: openSync(this.#paths.container(id).bootLog, 'r') });
    } catch (error) {
      if (!isNodeError(error) || error.code !== 'ENOENT') throw error; // It was quicker than we are.
    }
  };

  /**
   * Closes them all.
   * @param pardoned what a test provokes
   * @throws AssertionError naming containers, lines and what is around them
   */
  check(pardoned?: RegExp): void {
    const found: string[] = [];
    for (const { container, file } of this.#open.splice(0)) {
      const lines = readFileSync(file, 'utf8').split('\n');
      closeSync(file);
      const first = lines.findIndex((line) => trouble.test(line) && !pardoned?.test(line));
      if (first >= 0) found.push(`${container}:\n${lines.slice(Math.max(0, first - 3), first + 25).join('\n')}`);
    }
    assert.deepEqual(found, [], `Boot logs tell of trouble.\n${found.join('\n\n')}`);
  }
}
