import { get } from 'node:http';
import { BerthPaths } from '../protocol/paths.ts';
import { versionHeader } from '../protocol/version.ts';

/** A host that is frozen accepts connections and never answers. */
const patienceMilliseconds = 5_000;

/** The version of the host that runs, undefined when none does, or none that answers. Asks with plain HTTP, which needs no client. */
export function readHostVersion(paths = new BerthPaths()): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get({ socketPath: paths.hostSocket, path: '/', agent: false, timeout: patienceMilliseconds }, (response) => {
      response.resume();
      const version = response.headers[versionHeader];
      resolve(typeof version === 'string' ? version : undefined);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}
