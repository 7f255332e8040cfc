import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startStarterRegistry } from '../starterImage.mjs';
import { repository } from './paths.mjs';
import { step } from './run.mjs';

const configurationPath = '.devcontainer/devcontainer.json';
/** Any answer at all, also a refusal, shows that the sample's image can be pulled. */
const publicRegistry = 'https://registry-1.docker.io/v2/';
/** The same at each start, so that the sample keeps naming the same image. */
const starterPort = 5959;

/**
 * Copies the sample folder to `directory`, with an image that can be pulled here: the one that it names, or, where no
 * public registry is reachable (or `starterImage` is set), the starter image, served on loopback until `dispose()`.
 */
export async function prepareSample({ directory, starterImage, report }) {
  await mkdir(directory, { recursive: true });
  await cp(join(repository, 'test/support/sample'), directory, { recursive: true });
  if (!starterImage && (await isReachable(publicRegistry))) return { directory, dispose: async () => {} };
  const registry = await step('Preparing the starter image', () => startStarterRegistry({ log: report, port: starterImage ? 0 : starterPort }));
  const path = join(directory, configurationPath);
  const configuration = await readFile(path, 'utf8');
  await writeFile(path, configuration.replace(/"image": "[^"]*"/, `"image": ${JSON.stringify(registry.reference)}`));
  return { directory, image: registry.reference, dispose: () => registry.stop() };
}

async function isReachable(url) {
  return fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    async (response) => {
      await response.body?.cancel();
      return true;
    },
    () => false,
  );
}
