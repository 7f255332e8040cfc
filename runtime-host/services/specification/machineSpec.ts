import { open, realpath } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { formatPlatform, hostPlatform, platformMatches } from '../../oci/platform.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { Platform } from '../../protocol/types.ts';

/** The first bytes of an ELF file, which is what machines boot (guest/kernel/README.md). */
const elfMagic = Buffer.from('\x7fELF', 'latin1');

/**
 * The real path of a kernel of the user's own.
 * @throws BerthError InvalidArgument when it is not there, cannot be read, or is no ELF file
 */
export async function checkKernel(path: string): Promise<string> {
  const refuse = (why: string, cause?: unknown): BerthError => new BerthError('InvalidArgument', `The kernel ${path} cannot be used: ${why}.`, { cause, data: { option: 'kernel', path } });
  if (!isAbsolute(path) || path.includes('\0')) throw refuse('its path is not absolute');
  let magic: Buffer;
  try {
    const file = await open(path);
    try {
      if (!(await file.stat()).isFile()) throw refuse('it is not a file');
      magic = (await file.read(Buffer.alloc(elfMagic.length), 0, elfMagic.length, 0)).buffer;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof BerthError) throw error;
    throw refuse('it does not exist or you cannot read it', error);
  }
  if (!magic.equals(elfMagic)) throw refuse('it is not an uncompressed ELF file (vmlinux)');
  return realpath(path);
}

/**
 * Refuses a platform whose programs do not run here: machines have this computer's architecture.
 * @param text `os/architecture[/variant]`, or one of the first two alone
 * @throws BerthError InvalidArgument, PlatformUnavailable
 */
export function checkPlatform(text: string): void {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.includes('')) throw new BerthError('InvalidArgument', `“${text}” is no platform. Write one such as linux/amd64 or linux/arm64.`, { data: { option: 'platform' } });
  const here = hostPlatform();
  const [os = '', architecture = '', variant] = parts.length > 1 ? parts : parts[0] === here.os ? [here.os, here.architecture] : [here.os, parts[0]];
  const asked: Platform = { os, architecture: otherNames[architecture] ?? architecture, ...(variant === undefined ? {} : { variant }) };
  if (platformMatches(asked, here)) return;
  throw new BerthError('PlatformUnavailable', `Containers for ${formatPlatform(asked)} cannot run here: this machine’s are for ${formatPlatform(here)}.`, { data: { platform: formatPlatform(asked) } });
}

/** What others call the architectures. */
const otherNames: Readonly<Record<string, string>> = { x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64' };
