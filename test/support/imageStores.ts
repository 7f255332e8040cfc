import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { silentLogger } from '../../runtime-host/base/log.ts';
import { ContentStore } from '../../runtime-host/oci/contentStore.ts';
import type { HttpSettings } from '../../runtime-host/oci/registryHttp.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ErrorCode } from '../../runtime-host/protocol/errors.ts';
import { RegistryImageService } from '../../runtime-host/services/images/imageService.ts';
import { checkDisksBelow } from './checkDisks.ts';

const run = promisify(execFile);

/** A directory with a short path that goes away with the test, after a look at the disks that were made in it. */
export async function temporaryDirectory(t: { after(work: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-'));
  t.after(async () => {
    try {
      await checkDisksBelow(directory);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
  return directory;
}

export interface TestImages {
  /** The content store, an OCI layout. */
  readonly directory: string;
  readonly store: ContentStore;
  readonly service: RegistryImageService;
}

/** An image service over a store of its own. */
export async function openImages(directory: string, http: HttpSettings = {}, isInUse: () => boolean = () => false): Promise<TestImages> {
  const store = await ContentStore.open(directory);
  return { directory, store, service: new RegistryImageService({ store, logger: silentLogger, isInUse, http }) };
}

/** The whole content of a store by name, for comparing before and after. */
export async function listStore(directory: string): Promise<{ index: string; files: string[] }> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort();
  return { index: await readFile(join(directory, 'index.json'), 'utf8'), files };
}

/**
 * Tools that are not ours read the layout: skopeo every image in it, by its full name (it takes only OCI's own media
 * types out of a layout, not Docker's). Every blob has the digest that its name says, and nothing else lies about.
 */
export async function assertSoundStore(directory: string): Promise<void> {
  const { index, files } = await listStore(directory);
  for (const file of files.filter((name) => name !== 'index.json' && name !== 'oci-layout')) {
    const [, hex] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(file) ?? assert.fail(`left behind: ${file}`);
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(directory, file)), hash);
    assert.equal(hash.digest('hex'), hex);
  }
  const { manifests } = JSON.parse(index) as { manifests: { mediaType: string; annotations: Record<string, string> }[] };
  for (const { mediaType, annotations } of manifests) {
    if (!mediaType.startsWith('application/vnd.oci.')) continue;
    const reference = annotations['org.opencontainers.image.ref.name'] ?? assert.fail('an entry without a name');
    await run('skopeo', ['--insecure-policy', 'inspect', `oci:${directory}:${reference}`]);
  }
}

/** For assert.rejects: the code, and what the sentence for the user says. */
export function failsWith(code: ErrorCode, message: RegExp = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof BerthError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}
