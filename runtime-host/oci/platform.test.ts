import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '../protocol/errors.ts';
import { hostPlatform, platformMatches, selectPlatform } from './platform.ts';
import type { Platform } from '../protocol/types.ts';
import type { Descriptor } from './types.ts';

const entry = (size: number, platform?: Platform): Descriptor => ({ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${'0'.repeat(64)}`, size, ...(platform ? { platform } : {}) });
const linux = (architecture: string, variant?: string): Platform => ({ os: 'linux', architecture, ...(variant ? { variant } : {}) });
const choose = (wanted: Platform, ...manifests: Descriptor[]): number => selectPlatform({ schemaVersion: 2, manifests }, wanted, 'x').size;

test('the host’s platform is in the words of OCI', () => {
  assert.deepEqual(hostPlatform('x64'), linux('amd64'));
  assert.deepEqual(hostPlatform('arm64'), linux('arm64'));
});

test('the entry for the platform is chosen, whatever its place', () => {
  assert.equal(choose(linux('amd64'), entry(1, linux('arm64', 'v8')), entry(2, { os: 'windows', architecture: 'amd64' }), entry(3, linux('amd64')), entry(4, { os: 'unknown', architecture: 'unknown' })), 3);
});

test('variants: v8 is what every arm64 machine runs, later amd64 levels are not for every machine', () => {
  assert.equal(choose(linux('arm64'), entry(1, linux('arm64', 'v9')), entry(2, linux('arm64')), entry(3, linux('arm64', 'v8'))), 3);
  assert.equal(choose(linux('amd64'), entry(1, linux('amd64', 'v3')), entry(2, linux('amd64', 'v1')), entry(3, linux('amd64'))), 3);
  assert.ok(!platformMatches(linux('amd64', 'v3'), linux('amd64')));
  assert.ok(platformMatches(linux('amd64', 'v3'), linux('amd64', 'v3')));
});

test('a platform that is not there is an error that says which are', () => {
  assert.throws(() => choose(linux('amd64'), entry(1, linux('arm64', 'v8')), entry(2, linux('s390x')), entry(3, { os: 'unknown', architecture: 'unknown' })), (error) => {
    assert.ok(error instanceof BerthError);
    assert.equal(error.code, 'PlatformUnavailable');
    assert.match(error.message, /not available for linux\/amd64\. It exists for linux\/arm64\/v8, linux\/s390x\./);
    return true;
  });
});

test('an only entry without a platform is taken, one of several is not', () => {
  assert.equal(choose(linux('amd64'), entry(1)), 1);
  assert.throws(() => choose(linux('amd64'), entry(1), entry(2)), BerthError);
});
