import { get } from 'node:http';
import { BerthPaths } from '../protocol/paths.ts';
import { versionHeader } from '../protocol/version.ts';

/** The version of the host that runs, undefined when none does. Asks with plain HTTP, which needs no client. */
export function readHostVersion(paths = new BerthPaths()): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get({ socketPath: paths.hostSocket, path: '/', agent: false }, (response) => {
      response.resume();
      const version = response.headers[versionHeader];
      resolve(typeof version === 'string' ? version : undefined);
    });
    request.on('error', () => resolve(undefined));
  });
}
