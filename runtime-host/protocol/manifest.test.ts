import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { minimumMemoryBytes } from './types.ts';
import { version } from './version.ts';

interface Manifest {
  readonly version: string;
  readonly contributes: { readonly configuration: { readonly properties: Readonly<Record<string, { readonly minimum?: number }>> } };
}

const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest;

test('the version is that of the package', () => {
  assert.equal(version, manifest.version);
});

test('the setting of the memory allows what the host allows', () => {
  assert.equal(manifest.contributes.configuration.properties['berth.memory']?.minimum, minimumMemoryBytes / 1024 ** 2);
});
