import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { removeTemporaries, writeFileAtomically } from '../base/atomicFile.ts';
import { BerthError } from '../protocol/errors.ts';
import type { BerthPaths } from '../protocol/paths.ts';

/** What every VM boots, as files that QEMU can read. */
export interface GuestAssets {
  /** Uncompressed ELF. */
  readonly kernel: string;
  readonly kernelSha256: string;
  readonly kernelRelease: string;
  readonly initramfs: string;
}

/** The part of kernel.json, the prebuilt kernel's provenance, that the host uses. */
interface KernelProvenance {
  readonly kernelRelease: string;
  readonly vmlinuxSha256: string;
}

/**
 * The directory with `vmlinux.zst`, `kernel.json` and `initramfs.cpio`: `BERTH_GUEST_DIR`, or `guest` beside the
 * host's bundle, or `dist/guest` of the checkout when the host runs from source.
 */
export function guestDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const chosen = environment['BERTH_GUEST_DIR'];
  if (chosen) return chosen;
  const here = fileURLToPath(import.meta.url);
  if (here.endsWith('.ts')) return join(dirname(here), '..', '..', 'dist', 'guest');
  return join(dirname(here), 'guest');
}

/**
 * The kernel is unpacked once for each content, under its SHA-256, and checked while that is done.
 * @throws BerthError KernelMissing when a file is absent, cannot be unpacked, or is not what kernel.json says.
 */
export async function findGuestAssets(paths: BerthPaths, environment: NodeJS.ProcessEnv = process.env): Promise<GuestAssets> {
  const directory = guestDirectory(environment);
  const initramfs = join(directory, 'initramfs.cpio');
  const provenance = await readProvenance(join(directory, 'kernel.json'));
  if (!(await exists(initramfs))) throw missing(initramfs);
  const kernel = join(paths.kernels, provenance.vmlinuxSha256, 'vmlinux');
  if (!(await exists(kernel))) await unpackKernel(join(directory, 'vmlinux.zst'), kernel, provenance.vmlinuxSha256);
  return { kernel, kernelSha256: provenance.vmlinuxSha256, kernelRelease: provenance.kernelRelease, initramfs };
}

async function readProvenance(path: string): Promise<KernelProvenance> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw missing(path, error);
  }
  const { kernelRelease, vmlinuxSha256 } = (value ?? {}) as Record<string, unknown>;
  if (typeof kernelRelease !== 'string' || typeof vmlinuxSha256 !== 'string' || !/^[0-9a-f]{64}$/.test(vmlinuxSha256)) {
    throw missing(path, new Error('kernelRelease or vmlinuxSha256 is absent or malformed'));
  }
  return { kernelRelease, vmlinuxSha256 };
}

async function unpackKernel(compressed: string, kernel: string, sha256: string): Promise<void> {
  let content: Buffer;
  try {
    content = await promisify(zstdDecompress)(await readFile(compressed));
  } catch (error) {
    throw missing(compressed, error);
  }
  const actual = createHash('sha256').update(content).digest('hex');
  if (actual !== sha256) {
    throw new BerthError('KernelMissing', `The guest kernel ${compressed} is damaged: its checksum is not the one in kernel.json. ${remedy}`, {
      data: { expected: sha256, actual },
    });
  }
  await mkdir(dirname(kernel), { recursive: true, mode: 0o700 });
  await writeFileAtomically(kernel, content, 0o400);
}

/** Removes kernels that a killed host was just unpacking. Called before anything else. */
export async function removeUnfinishedKernels(paths: BerthPaths): Promise<void> {
  await mkdir(paths.kernels, { recursive: true, mode: 0o700 });
  for (const sha256 of await readdir(paths.kernels)) await removeTemporaries(join(paths.kernels, sha256));
}

const remedy = 'Install Berth again, or run “npm run build:guest” in a checkout.';

function missing(path: string, cause?: unknown): BerthError {
  return new BerthError('KernelMissing', `The guest system is incomplete: ${path} is missing or unreadable. ${remedy}`, { cause, data: { path } });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
