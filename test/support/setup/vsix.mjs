/**
 * `npm run package`: the extension as it is published, from the bundles and the guest in dist/, with the notices of
 * everything in it that others wrote.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { thirdPartyNotices } from './notices.mjs';
import { pinnedNode, repository } from './paths.mjs';
import { run } from './run.mjs';

const vsce = join(repository, 'node_modules/@vscode/vsce/vsce');

/**
 * Writes the VSIX for linux-x64.
 * @param {string} output the file, or a directory that ends with a slash for a file with the usual name
 */
export async function writeVsix(output) {
  writeFileSync(join(repository, 'dist/THIRD-PARTY-NOTICES.txt'), thirdPartyNotices());
  // Everything is in the bundles, and addresses in the documents are meant as they stand.
  await run(pinnedNode, [vsce, 'package', '--target', 'linux-x64', '--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '--out', output], { stdio: ['inherit', 2, 2] }); // Standard output belongs to the figures of a bench.
}

if (import.meta.main) await writeVsix(process.argv[2] ?? 'dist/');
