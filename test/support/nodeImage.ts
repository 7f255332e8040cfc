import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { pinnedNode } from './setup/paths.mjs';
import { buildBusyboxImage, type TarEntry, type TestImage } from './testImages.ts';

/** BusyBox and the Node that the tests themselves run on, with what it is linked with, at /usr/bin/node. */
export function buildNodeImage(directory: string, options: { readonly tag: string; readonly extraLayers?: readonly (readonly TarEntry[])[] }): TestImage {
  const program = realpathSync(pinnedNode);
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).split('\n').flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  const directories = new Set(libraries.flatMap((path) => path.split('/').slice(1, -1).map((_, index, parts) => parts.slice(0, index + 1).join('/'))));
  const layer: TarEntry[] = [
    ...[...directories].sort().map((path) => ({ path: `${path}/`, mode: 0o755 })),
    ...libraries.map((path) => ({ path: path.slice(1), content: readFileSync(path), mode: 0o755 })),
    { path: 'usr/bin/node', content: readFileSync(program), mode: 0o755 },
  ];
  // Compressing 120 MB would take longer than sending them over loopback.
  return buildBusyboxImage(directory, { tag: options.tag, compression: 'none', extraLayers: [layer, ...(options.extraLayers ?? [])] });
}
