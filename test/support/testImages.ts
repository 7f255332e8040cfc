import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { defaultMtime, writeTar } from './tarWriter.ts';
import type { TarEntry } from './tarWriter.ts';

export type { TarEntry } from './tarWriter.ts';

/*
 * Small OCI images for tests, written as OCI image layouts. Written without the code under test, so that a mistake
 * there cannot hide itself here; skopeo and umoci read the same layouts.
 */

export interface TestImageOptions {
  /** Bottom layer first; a Uint8Array is taken as the uncompressed layer as it is, however broken. */
  readonly layers: readonly (readonly TarEntry[] | Uint8Array)[];
  /** Name within the layout; default `latest`. An image of the same name is replaced, others stay. */
  readonly tag?: string;
  readonly compression?: Compression;
  /** Default `oci`. */
  readonly mediaTypes?: 'oci' | 'docker';
  readonly architecture?: string;
  readonly variant?: string;
  readonly env?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly stopSignal?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  /** Of the layers' diff IDs; default `sha256`. */
  readonly diffIdAlgorithm?: 'sha256' | 'sha512';
}

export type Compression = 'none' | 'gzip' | 'zstd';

export interface TestDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface TestImage {
  readonly directory: string;
  readonly tag: string;
  readonly manifest: TestDescriptor;
  readonly config: TestDescriptor;
  readonly layers: readonly (TestDescriptor & { readonly diffId: string })[];
}

/** The architecture of this machine in OCI's (Go's) words. */
export const testArchitecture = process.arch === 'x64' ? 'amd64' : process.arch;

const mediaTypeNames = {
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: { none: 'application/vnd.oci.image.layer.v1.tar', gzip: 'application/vnd.oci.image.layer.v1.tar+gzip', zstd: 'application/vnd.oci.image.layer.v1.tar+zstd' },
  },
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: { none: 'application/vnd.docker.image.rootfs.diff.tar', gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip', zstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd' },
  },
} as const;

/** Writes an image into the OCI layout at `directory`, which is made if it is not there. */
export function buildImage(directory: string, options: TestImageOptions): TestImage {
  const { tag = 'latest', compression = 'gzip', mediaTypes = 'oci' } = options;
  const names = mediaTypeNames[mediaTypes];
  prepareLayout(directory);
  const layers = options.layers.map((layer) => {
    const tar = layer instanceof Uint8Array ? Buffer.from(layer) : writeTar(layer);
    return { ...writeBlob(directory, names.layer[compression], compress(tar, compression)), diffId: digestOf(tar, options.diffIdAlgorithm) };
  });
  const config = writeBlob(directory, names.config, JSON.stringify(imageConfiguration(options, layers.map((layer) => layer.diffId))));
  const manifestContent = { schemaVersion: 2, mediaType: names.manifest, config, layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })) };
  const manifest = writeBlob(directory, names.manifest, JSON.stringify(manifestContent));
  addToIndex(directory, tag, manifest);
  return { directory, tag, manifest, config, layers };
}

/** Writes an image index over images of several platforms (each built under a name of its own) and names it `tag`. */
export function buildImageIndex(directory: string, tag: string, images: readonly (TestImage & { readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string } })[]): TestDescriptor {
  const manifests = images.map(({ manifest, platform }) => ({ ...manifest, platform }));
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const index = writeBlob(directory, mediaType, JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  addToIndex(directory, tag, index);
  return index;
}

/** An image as small as they come: Debian's static BusyBox with all its applets, /etc/passwd and /etc/group, 3 layers. */
export function buildBusyboxImage(directory: string, options: Partial<TestImageOptions> & { readonly extraLayers?: readonly (readonly TarEntry[])[] } = {}): TestImage {
  const { extraLayers = [], ...rest } = options;
  return buildImage(directory, {
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    command: ['/bin/sh'],
    layers: [...busyboxLayers(), ...extraLayers],
    ...rest,
  });
}

/** The BusyBox binary; the Debian package is busybox-static. */
const busybox = '/bin/busybox';

export function busyboxLayers(): TarEntry[][] {
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n').filter((name) => name !== 'busybox');
  const directories = ['bin/', 'dev/', 'etc/', 'home/', 'home/user/', 'proc/', 'root/', 'run/', 'sys/', 'tmp/', 'usr/', 'usr/bin/', 'var/'];
  return [
    [
      ...directories.map((path) => ({ path, mode: path === 'tmp/' ? 0o1777 : path === 'root/' ? 0o700 : 0o755, ...(path === 'home/user/' ? { uid: 1000, gid: 1000 } : {}) })),
      { path: 'bin/busybox', content: readFileSync(busybox), mode: 0o755 },
    ],
    applets.map((name) => ({ path: `bin/${name}`, type: 'symlink' as const, target: 'busybox' })),
    [
      { path: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:A user:/home/user:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' },
      { path: 'etc/group', content: 'root:x:0:\nuser:x:1000:\naudio:x:29:user\nnogroup:x:65534:\n' },
      { path: 'etc/os-release', content: 'ID=berthtest\nNAME="Berth test image"\nPRETTY_NAME="Berth test image (BusyBox)"\n' },
    ],
  ];
}

export function digestOf(content: string | Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(content).digest('hex')}`;
}

/** Writes a blob into a layout under its digest. */
export function writeBlob(directory: string, mediaType: string, content: string | Uint8Array): TestDescriptor {
  const digest = digestOf(content);
  writeFileSync(join(directory, 'blobs', 'sha256', digest.slice('sha256:'.length)), content);
  return { mediaType, digest, size: Buffer.byteLength(content) };
}

function compress(tar: Buffer, compression: Compression): Buffer {
  if (compression === 'gzip') return gzipSync(tar, { level: 6 });
  return compression === 'zstd' ? zstdCompressSync(tar) : tar;
}

function imageConfiguration(options: TestImageOptions, diffIds: readonly string[]): unknown {
  const created = new Date(defaultMtime * 1000).toISOString();
  return {
    created,
    architecture: options.architecture ?? testArchitecture,
    os: 'linux',
    ...(options.variant === undefined ? {} : { variant: options.variant }),
    config: {
      User: options.user,
      Env: options.env,
      Entrypoint: options.entrypoint,
      Cmd: options.command,
      WorkingDir: options.workingDirectory,
      StopSignal: options.stopSignal,
      Labels: options.labels,
      Volumes: options.volumes && Object.fromEntries(options.volumes.map((path) => [path, {}])),
    },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map(() => ({ created, created_by: 'berth test' })),
  };
}

function prepareLayout(directory: string): void {
  mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true });
  const index = join(directory, 'index.json');
  if (existsSync(index)) return;
  writeFileSync(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(index, JSON.stringify({ schemaVersion: 2, manifests: [] }));
}

interface LayoutIndex {
  readonly schemaVersion: 2;
  readonly manifests: readonly (TestDescriptor & { readonly annotations?: Readonly<Record<string, string>> })[];
}

const refName = 'org.opencontainers.image.ref.name';

function addToIndex(directory: string, tag: string, descriptor: TestDescriptor): void {
  const file = join(directory, 'index.json');
  const index = JSON.parse(readFileSync(file, 'utf8')) as LayoutIndex;
  const others = index.manifests.filter((entry) => entry.annotations?.[refName] !== tag);
  writeFileSync(file, JSON.stringify({ ...index, manifests: [...others, { ...descriptor, annotations: { [refName]: tag } }] }));
}
