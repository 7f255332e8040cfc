import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '../protocol/errors.ts';
import { parseConfiguration, parseImageDocument, requireMatchingLayers } from './manifest.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 10 };
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: 20 };
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const manifest = { schemaVersion: 2, mediaType: manifestType, config, layers: [layer] };
const configuration = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digest] } };

const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const read = (value: unknown, type?: string): unknown => parseImageDocument(bytes(value), type, 'The manifest of x');
const refuses = (work: () => unknown, problem: RegExp): void => {
  assert.throws(work, (error) => error instanceof BerthError && error.code === 'ManifestInvalid' && problem.test(error.message), String(problem));
};

test('manifests and indexes are told apart, by what they say or what they look like', () => {
  assert.deepEqual(read(manifest), { kind: 'manifest', mediaType: manifestType, manifest });
  assert.deepEqual(read({ schemaVersion: 2, config, layers: [layer] }, 'application/json'), { kind: 'manifest', mediaType: manifestType, manifest: { schemaVersion: 2, config, layers: [layer] } });
  const entry = { mediaType: manifestType, digest, size: 5, platform: { os: 'linux', architecture: 'arm64', variant: 'v8', 'os.version': 'x' } };
  assert.deepEqual(read({ schemaVersion: 2, manifests: [entry] }), {
    kind: 'index',
    mediaType: 'application/vnd.oci.image.index.v1+json',
    index: { schemaVersion: 2, manifests: [{ mediaType: manifestType, digest, size: 5, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }] },
  });
  const docker = { ...manifest, mediaType: 'application/vnd.docker.distribution.manifest.v2+json', config: { ...config, mediaType: 'application/vnd.docker.container.image.v1+json' }, layers: [{ ...layer, mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' }] };
  assert.deepEqual(read(docker), { kind: 'manifest', mediaType: docker.mediaType, manifest: docker });
});

test('a malformed manifest is refused and what is wrong is named', () => {
  refuses(() => read('<html>'), /The manifest of x is not valid: it is not JSON/);
  refuses(() => parseImageDocument(Buffer.from([0xff, 0xfe]), undefined, 'x'), /not JSON/);
  refuses(() => read([]), /not a JSON object/);
  refuses(() => read({ ...manifest, schemaVersion: undefined }), /schemaVersion is missing/);
  refuses(() => read({ ...manifest, schemaVersion: 3 }), /schemaVersion is not 2/);
  refuses(() => read({ schemaVersion: 1, fsLayers: [] }), /schema 1/);
  refuses(() => read({ ...manifest, mediaType: 'application/vnd.docker.distribution.manifest.v1+prettyjws' }), /schema 1/);
  refuses(() => read({ ...manifest, mediaType: 'text/plain' }), /mediaType is “text\/plain”/);
  refuses(() => read({ ...manifest, manifests: [] }), /both/);
  refuses(() => read({ ...manifest, config: undefined }), /config is missing/);
  refuses(() => read({ ...manifest, config: { ...config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } }), /not a container image/);
  refuses(() => read({ ...manifest, layers: {} }), /layers is not a list/);
  refuses(() => read({ ...manifest, layers: [] }), /no layers/);
  refuses(() => read({ ...manifest, layers: [layer, { ...layer, digest: 'sha256:12' }] }), /layers\[1\]\.digest is not a sha256/);
  refuses(() => read({ ...manifest, layers: [{ ...layer, digest: `sha256:../../${'a'.repeat(58)}` }] }), /layers\[0\]\.digest/);
  refuses(() => read({ ...manifest, layers: [{ ...layer, size: -1 }] }), /layers\[0\]\.size is not a number of bytes/);
  refuses(() => read({ ...manifest, layers: [{ ...layer, size: '20' }] }), /layers\[0\]\.size/);
  refuses(() => read({ ...manifest, layers: [null] }), /layers\[0\] is missing/);
  refuses(() => read({ ...manifest, layers: [{ ...layer, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' }] }), /foreign layer/);
  refuses(() => read({ ...manifest, layers: [{ ...layer, mediaType: 'application/x-7z' }] }), /cannot unpack/);
  refuses(() => read({ schemaVersion: 2, manifests: [{ mediaType: manifestType, digest, size: 5, platform: {} }] }), /manifests\[0\]\.platform\.os is missing/);
});

test('an image configuration is read, and null counts as absent', () => {
  const full = { ...configuration, created: '2024-01-01T00:00:00Z', config: { Env: ['A=b'], Cmd: ['sh'], Entrypoint: null, Labels: { a: 'b' }, User: '' } };
  assert.deepEqual(parseConfiguration(bytes(full), 'x'), { ...full, config: { Env: ['A=b'], Cmd: ['sh'], Labels: { a: 'b' }, User: '' } });
  assert.deepEqual(parseConfiguration(bytes(configuration), 'x'), configuration);
  refuses(() => parseConfiguration(bytes({ ...configuration, config: { Env: ['A', 1] } }), 'x'), /config\.Env\[1\] is not a text/);
  refuses(() => parseConfiguration(bytes({ ...configuration, config: { Cmd: 'sh' } }), 'x'), /config\.Cmd is not a list/);
  refuses(() => parseConfiguration(bytes({ ...configuration, rootfs: undefined }), 'x'), /rootfs is missing|rootfs\.type/);
  refuses(() => parseConfiguration(bytes({ ...configuration, rootfs: { type: 'layers', diff_ids: ['x'] } }), 'x'), /diff_ids\[0\]/);
});

test('the configuration must describe as many layers as the manifest has', () => {
  const parsed = parseConfiguration(bytes(configuration), 'x');
  requireMatchingLayers({ schemaVersion: 2, config, layers: [layer] }, parsed, 'x');
  refuses(() => requireMatchingLayers({ schemaVersion: 2, config, layers: [layer, layer] }, parsed, 'x'), /2 layers, but its configuration describes 1/);
});
