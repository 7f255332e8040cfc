import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The checkout. */
export const repository = resolve(import.meta.dirname, '../../..');

/** What setup makes once and keeps for later runs and other checkouts: the starter image, for one. */
export const cacheDirectory = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'berth-dev');

/** The pinned Node (a development dependency) that every script runs on. */
export const pinnedNode = join(repository, 'node_modules/node/bin/node');
