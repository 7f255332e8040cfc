import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { HttpSettings } from '../../runtime-host/oci/registryHttp.ts';
import { startFaultyRegistry, type Exchange, type FaultyRegistry } from './faultyRegistry.ts';
import { assertSoundStore, listStore, openImages, temporaryDirectory, type TestImages } from './imageStores.ts';
import { buildImage, type TestImage } from './testImages.ts';

/** For the registries that stall; the others are given time, however busy the machine is. */
export const impatient = { idleTimeout: 500, resumePause: 1 };

export interface Situation extends TestImages {
  readonly registry: FaultyRegistry;
  readonly reference: string;
  /** Asserts that nothing of the failed pull is left. */
  assertUntouched(): Promise<void>;
}

/** An image of four layers of noise, for registries that misbehave. Dispose of it. */
export class FaultyImage {
  readonly image: TestImage;
  /** The layout that registries serve. */
  readonly layout = mkdtempSync(join(tmpdir(), 'berth-'));

  constructor() {
    const layers = ['a', 'b', 'c', 'd'].map((path) => [{ path, content: randomBytes(400_000) }]);
    this.image = buildImage(this.layout, { tag: '1', compression: 'none', layers });
  }

  /** A store with one good image, and a registry that has this one. */
  async situation(t: TestContext, intercept: (exchange: Exchange) => void, http: HttpSettings = {}): Promise<Situation> {
    const directory = await temporaryDirectory(t);
    const keeperLayout = join(directory, 'keeper');
    buildImage(keeperLayout, { tag: '1', layers: [[{ path: 'keep' }]] });
    const images = await openImages(join(directory, 'content'), http);
    const keeper = await startFaultyRegistry(keeperLayout, ({ answer }) => answer());
    await images.service.pull(`${keeper.host}/keeper:1`);
    await keeper.stop();
    const before = await listStore(images.directory);
    const registry = await startFaultyRegistry(this.layout, intercept);
    t.after(() => registry.stop());
    const assertUntouched = async (): Promise<void> => {
      assert.deepEqual(await listStore(images.directory), before);
      await assertSoundStore(images.directory);
    };
    return { ...images, registry, reference: `${registry.host}/faulty:1`, assertUntouched };
  }

  isLayer({ kind, name }: Exchange, position: number): boolean {
    return kind === 'blobs' && name === this.image.layers[position]?.digest;
  }

  dispose(): void {
    rmSync(this.layout, { recursive: true, force: true });
  }
}

/** Answers with the beginning of the blob under its full length, then does something else. */
export function sendHalf({ response, content = Buffer.alloc(0) }: Exchange, then: () => void): void {
  response.writeHead(200, { 'content-length': content.length });
  response.write(content.subarray(0, content.length / 2), then);
}
