import { join, resolve } from 'node:path';

/** The checkout. */
export const repository = resolve(import.meta.dirname, '../../..');

/** The pinned Node (a development dependency) that every script runs on. */
export const pinnedNode = join(repository, 'node_modules/node/bin/node');
