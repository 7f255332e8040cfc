import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startRegistryServer } from './registryServer.mjs';
import type { RegistryServer, RegistryServerOptions } from './registryServer.mjs';

const run = promisify(execFile);

/** A real registry on loopback for one test file; `stop()` ends it and removes its data. */
export interface TestRegistry extends RegistryServer {
  /**
   * Copies an image out of an OCI layout into the registry with skopeo, digests unchanged.
   * @param name repository and tag without the host, such as `berth/busybox:1`
   * @param sourceTag which image of the layout; needed only when it holds several
   * @returns the full reference, `localhost:PORT/berth/busybox:1`
   */
  push(ociLayoutDirectory: string, name: string, sourceTag?: string): Promise<string>;
}

export async function startRegistry(options: RegistryServerOptions = {}): Promise<TestRegistry> {
  const server = await startRegistryServer(options);
  return {
    ...server,
    push: async (directory, name, sourceTag) => {
      const reference = `${server.host}/${name}`;
      const source = sourceTag === undefined ? `oci:${directory}` : `oci:${directory}:${sourceTag}`;
      await run('skopeo', ['--insecure-policy', 'copy', '--quiet', '--all', '--preserve-digests', '--dest-tls-verify=false', source, `docker://${reference}`]);
      return reference;
    },
  };
}
