/**
 * The licences of what others wrote and we ship: the npm packages that are in the bundles (their source maps tell),
 * Go's standard library and the modules that are linked into vminitd, netd and shared, and the Linux kernel.
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './paths.mjs';

/** @typedef {{ readonly name: string, readonly version: string, readonly text: string }} Notice */

/** The text of THIRD-PARTY-NOTICES.txt. @throws Error when a package does not say under which licence it is. */
export function thirdPartyNotices() {
  const notices = [...npmNotices(), ...goNotices()].map(({ name, version, text }) => `${'='.repeat(100)}\n${name} ${version}\n\n${text.trim()}\n`);
  return ['Berth contains the following works of others, each under its own licence.\n', kernelNotice(), ...notices].join('\n');
}

/** @returns {Notice[]} */
function npmNotices() {
  const sources = new Set(globSync('dist/*.map', { cwd: repository }).flatMap((map) => JSON.parse(readFileSync(join(repository, map), 'utf8')).sources));
  const packages = Map.groupBy(sources, (source) => /^\.\.\/(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1]);
  packages.delete(undefined); // ours
  if (packages.size === 0) throw new Error('The bundles in dist/ name no packages. Run “npm run build” first.');
  return [...packages].sort().map(([folder, files]) => {
    const directory = join(repository, folder);
    const { name, version, license, author } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    return { name, version, text: licenceText(directory) ?? declaredLicence({ name, license, author: author?.name ?? author }, files.map((file) => join(repository, 'dist', file))) };
  });
}

/** For packages that come without the text: what they declare, and the notices at the beginning of their files. */
function declaredLicence({ name, license, author }, files) {
  if (license === 'MIT' && author) return `License: MIT. Copyright (c) ${author}.\n\n${mitText}`;
  if (!/^\(?Apache-2\.0\b/.test(license)) throw new Error(`${name} (${license}) has no licence text.`);
  const headers = files.map((file) => /^(?:\/\/.*\n)+/.exec(readFileSync(file, 'utf8'))?.[0].replaceAll(/^\/\/ ?/gm, '') ?? '');
  const notices = new Set(headers.filter((header) => header.includes('Copyright')));
  return [`License: ${license}. The text of Apache-2.0 is in Berth's own LICENSE.`, ...notices].join('\n\n');
}

/** https://spdx.org/licenses/MIT.html, below the line with the copyright. */
const mitText = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software
is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES
OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE
LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR
IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** @returns {Notice[]} */
function goNotices() {
  const environment = { ...process.env, CGO_ENABLED: '0', GOOS: 'linux', GOARCH: 'amd64' };
  const goIn = (directory, ...args) => execFileSync('go', args, { cwd: join(repository, directory), env: environment, encoding: 'utf8' }).trim();
  const format = '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}';
  const list = (directory) => goIn(directory, 'list', '-deps', '-f', format, '.').split('\n').filter((line) => line !== '');
  const modules = new Set(['guest/vminitd', 'runtime-host/netd', 'runtime-host/shared'].flatMap(list));
  const linked = [...modules].sort().map((line) => {
    const [name, version, directory] = line.split(' ');
    return { name, version, text: requiredText(directory, name) };
  });
  const go = (variable) => goIn('guest/vminitd', 'env', variable);
  return [{ name: 'Go', version: go('GOVERSION'), text: requiredText(go('GOROOT'), 'Go') }, ...linked];
}

function requiredText(directory, name) {
  const text = licenceText(directory);
  if (text === undefined) throw new Error(`${name} has no licence text in ${directory}.`);
  return text;
}

function licenceText(directory) {
  const files = readdirSync(directory).filter((file) => /^(licen[cs]e|notice|copying|thirdpartynotices)(\.(txt|md))?$/i.test(file)).sort();
  return files.length === 0 ? undefined : files.map((file) => readFileSync(join(directory, file), 'utf8')).join('\n');
}

function kernelNotice() {
  const { kernelRelease, sourcePackage, sourceVersion, sourceSha256, compiler, patches } = JSON.parse(readFileSync(join(repository, 'dist/guest/kernel.json'), 'utf8'));
  return `${'='.repeat(100)}
Linux ${kernelRelease}

dist/guest/vmlinux.zst is a Linux kernel, under the GNU General Public License, version 2 only, with the Linux system
call exception. It runs in the virtual machines and is not linked with anything else here.

Its complete source is Debian's source package ${sourcePackage} ${sourceVersion}
(SHA-256 of its archive: ${sourceSha256}),
and, in the directory guest/kernel of Berth's source: the configuration, ${Object.keys(patches).join(', ')}, and build.mjs, which
makes the same bytes from them again (${compiler}). dist/guest/kernel.json has the checksums.

${readFileSync(join(repository, 'guest/kernel/prebuilt/COPYING'), 'utf8')}`;
}
