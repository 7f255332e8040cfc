import { readFile, rename } from 'node:fs/promises';
import { writeFileAtomically } from '../base/atomicFile.ts';
import type { Logger } from '../base/log.ts';
import { isNodeError } from '../protocol/errors.ts';
import { grantDecisions, type Grant } from '../protocol/grants.ts';
import { damagedSuffix, type BerthPaths } from '../protocol/paths.ts';

/** A decision as it is on disk; which containers have the directory follows from their records. */
export type GrantRecord = Omit<Grant, 'containers'>;

/** grants.json: what the user has decided about directories that workspaces ask for. */
export class GrantStore {
  readonly #path: string;
  readonly #log: Logger;

  constructor(paths: BerthPaths, log: Logger) {
    this.#path = paths.grants;
    this.#log = log;
  }

  /** A file that cannot be understood is set aside: without it the user is asked again, which is safe. */
  async load(): Promise<GrantRecord[]> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (isNodeError(error) && error.code === 'ENOENT') return [];
      throw error;
    }
    const grants = parse(text);
    if (grants) return grants;
    const aside = `${this.#path}${damagedSuffix}`;
    await rename(this.#path, aside);
    this.#log.error('The list of grants is damaged and was set aside; users are asked again', new Error('unusable'), { file: aside });
    return [];
  }

  async save(grants: readonly GrantRecord[]): Promise<void> {
    await writeFileAtomically(this.#path, `${JSON.stringify({ version: 1, grants }, undefined, 2)}\n`);
  }
}

function parse(text: string): GrantRecord[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, grants } = value as { readonly version?: unknown; readonly grants?: unknown };
  return version === 1 && Array.isArray(grants) && grants.every(isGrant) ? grants : undefined;
}

function isGrant(value: unknown): value is GrantRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { id, workspace, path, readOnly, decision, purpose, decidedAt } = value as Record<keyof GrantRecord, unknown>;
  const texts = [id, workspace, path, decidedAt];
  return texts.every((text) => typeof text === 'string') && typeof readOnly === 'boolean' && grantDecisions.includes(decision as Grant['decision']) && (purpose === undefined || typeof purpose === 'string');
}
