import { globSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figures } from './main.ts';

const repository = join(import.meta.dirname, '../..');

/** Bytes of everything that ships; `vsixBytes` is there after `npm run package`. */
export default async function size(): Promise<Figures> {
  const bytes = async (path: string): Promise<number> => (await stat(join(repository, path))).size;
  const provenance = JSON.parse(await readFile(join(repository, 'dist/guest/kernel.json'), 'utf8')) as { vmlinuxBytes: number };
  const [vsix] = globSync('dist/*.vsix', { cwd: repository });
  return {
    vminitdBytes: await bytes('dist/guest/vminitd'),
    initramfsBytes: await bytes('dist/guest/initramfs.cpio'),
    netdBytes: await bytes('dist/netd/netd'),
    sharedBytes: await bytes('dist/shared/shared'),
    kernelBytes: provenance.vmlinuxBytes,
    kernelCompressedBytes: await bytes('dist/guest/vmlinux.zst'),
    hostBundleBytes: (await bytes('dist/hostProgram.mjs')) + (await bytes('dist/unpackWorker.mjs')),
    cliBundleBytes: await bytes('dist/containerProgram.mjs'),
    extensionBundleBytes: await bytes('dist/extension.cjs'),
    ...(vsix === undefined ? {} : { vsixBytes: await bytes(vsix) }),
  };
}
