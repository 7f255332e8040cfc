#!/usr/bin/env node
// Builds the guest kernel from Debian's kernel source, reproducibly.
//
//   node guest/kernel/build.mjs [--out DIR] [--work DIR] [--jobs N] [--keep]
//   node guest/kernel/build.mjs --verify       rebuild elsewhere, compare, change nothing
//   node guest/kernel/build.mjs --check        only check the configuration fragment
//   node guest/kernel/build.mjs --check-prebuilt  only compare the committed files with their provenance (needs zstd)
//   node guest/kernel/build.mjs --update-source  accept another source version and pin it
//
// README.md beside this file explains the choices.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureSystemPackages } from '../../test/support/setup/systemPackages.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ARCH = 'x86_64';
const SOURCE_PACKAGE = 'linux-source-6.12';
const TARBALL = `/usr/src/${SOURCE_PACKAGE}.tar.xz`;
const FRAGMENT = path.join(HERE, `config-${ARCH}`);
const PATCHES = path.join(HERE, 'patches');
const ZSTD = ['-19', '--single-thread', '--no-progress', '-q', '-f'];

class BuildError extends Error {}

/** The environment of every command: nothing of the caller's but PATH. */
function environment(extra = {}) {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: '/nonexistent', LC_ALL: 'C', TZ: 'UTC', ...extra };
}

function output(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', env: environment(), maxBuffer: 1 << 28, ...options });
  if (result.error) throw new BuildError(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) {
    throw new BuildError(`"${[command, ...args].join(' ')}" failed:\n${result.stderr || result.stdout}`);
  }
  return result.stdout.trim();
}

/** Runs a long command, its output in a log of which the end is shown if it fails. */
async function run(command, args, { cwd, env, log }) {
  const chunks = [];
  const code = await new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', resolve);
  });
  const text = Buffer.concat(chunks).toString('utf8');
  if (log) await writeFile(log, text);
  if (code !== 0) {
    const tail = text.trimEnd().split('\n').slice(-25).join('\n');
    throw new BuildError(`"${command} ${args.at(-1)}" failed with code ${code}${log ? `; whole log: ${log}` : ''}\n${tail}`);
  }
}

async function sha256(file) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

const sha256OfText = (text) => createHash('sha256').update(text).digest('hex');

/** Kconfig text to a map; an option that is off is 'n', as if it were absent. */
export function parseConfig(text) {
  const options = new Map();
  text.split('\n').forEach((line, index) => {
    const set = /^(CONFIG_\w+)=(.*)$/.exec(line);
    const unset = /^# (CONFIG_\w+) is not set$/.exec(line);
    if (set) options.set(set[1], set[2]);
    else if (unset) options.set(unset[1], 'n');
    else if (/^\s*CONFIG_/.test(line)) throw new BuildError(`line ${index + 1} of the configuration is malformed: ${line}`);
  });
  return options;
}

/** What the fragment asks for and the final configuration does not have. */
export function droppedOptions(wanted, final) {
  return [...wanted]
    .filter(([name, value]) => (final.get(name) ?? 'n') !== value)
    .map(([name, value]) => `${name}: asked for ${value}, got ${final.get(name) ?? 'nothing'}`);
}

/** Our patches in the order in which they apply: name → SHA-256. */
async function readPatches() {
  const names = (await readdir(PATCHES)).filter((name) => name.endsWith('.patch')).sort();
  const entries = [];
  for (const name of names) entries.push([name, await sha256(path.join(PATCHES, name))]);
  return Object.fromEntries(entries);
}

async function readProvenance(dir) {
  try {
    return JSON.parse(await readFile(path.join(dir, 'provenance.json'), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The source on this machine, refused when it is not the pinned one. */
async function identifySource(pinned, { accept }) {
  const sourceVersion = output('dpkg-query', ['-W', '-f', '${Version}', SOURCE_PACKAGE]);
  if (pinned && !accept && pinned.sourceVersion !== sourceVersion) {
    throw new BuildError(
      `${SOURCE_PACKAGE} is version ${sourceVersion}, but provenance.json pins ${pinned.sourceVersion}. ` +
        'Install the pinned version, or pin this one with --update-source.');
  }
  const sourceSha256 = await sha256(TARBALL);
  if (pinned && !accept && pinned.sourceSha256 !== sourceSha256) {
    throw new BuildError(`${TARBALL} has SHA-256 ${sourceSha256}, but provenance.json pins ${pinned.sourceSha256}.`);
  }
  return { sourceVersion, sourceSha256 };
}

/** Unpacks, configures and (unless configOnly) builds in `work`; returns what came out. */
async function build(work, { jobs, configOnly = false }) {
  const source = path.join(work, SOURCE_PACKAGE);
  say(`unpacking ${TARBALL}`);
  await run('tar', ['-xf', TARBALL, '-C', work], { env: environment() });

  // The date in the kernel's banner is that of its source, not of this build.
  const epoch = Math.floor((await stat(path.join(source, 'Makefile'))).mtimeMs / 1000);
  const patches = await readPatches();
  for (const name of Object.keys(patches)) {
    output('patch', ['-p1', '-s', '-F0', '-d', source, '-i', path.join(PATCHES, name)]);
  }
  const env = environment({
    SOURCE_DATE_EPOCH: String(epoch),
    KBUILD_BUILD_TIMESTAMP: new Date(epoch * 1000).toUTCString(),
    KBUILD_BUILD_USER: 'berth',
    KBUILD_BUILD_HOST: 'berth',
    KBUILD_BUILD_VERSION: '1',
  });
  const make = (target, log) =>
    run('make', [
      `-j${jobs}`,
      `ARCH=${ARCH}`,
      // Kconfig records the versions of tools that we do not use; keep them out of the configuration.
      'RUSTC=false', 'PAHOLE=false',
      `KCFLAGS=-ffile-prefix-map=${source}=.`, `KAFLAGS=-ffile-prefix-map=${source}=.`,
      target,
    ], { cwd: source, env, log: log && path.join(work, log) });

  await make('tinyconfig');
  await run('sh', ['scripts/kconfig/merge_config.sh', '-m', '.config', FRAGMENT], { cwd: source, env, log: path.join(work, 'merge.log') });
  await make('olddefconfig');
  const fragment = await readFile(FRAGMENT, 'utf8');
  const fullConfig = await readFile(path.join(source, '.config'), 'utf8');
  const dropped = droppedOptions(parseConfig(fragment), parseConfig(fullConfig));
  if (dropped.length > 0) throw new BuildError(`Kconfig did not follow the fragment:\n  ${dropped.join('\n  ')}`);
  const configs = { patches, configSha256: sha256OfText(fragment), fullConfigSha256: sha256OfText(fullConfig), fullConfig };
  if (configOnly) return configs;

  const started = Date.now();
  say(`building vmlinux with ${jobs} jobs (minutes); log: ${path.join(work, 'build.log')}`);
  await make('vmlinux', 'build.log');
  say(`built in ${Math.round((Date.now() - started) / 1000)} s`);

  const kernelRelease = (await readFile(path.join(source, 'include/config/kernel.release'), 'utf8')).trim();
  const vmlinux = path.join(work, 'vmlinux');
  output('strip', ['--strip-all', '--remove-section=.comment', '-o', vmlinux, path.join(source, 'vmlinux')]);
  const bytes = await readFile(vmlinux);
  if (bytes.includes(work)) throw new BuildError(`vmlinux contains the path ${work}: it would not be reproducible.`);
  return { ...configs, kernelRelease, vmlinux, vmlinuxSha256: await sha256(vmlinux), vmlinuxBytes: bytes.length };
}

async function publish(out, result, identity) {
  await mkdir(out, { recursive: true });
  const compressed = `${result.vmlinux}.zst`;
  output('zstd', [...ZSTD, result.vmlinux, '-o', compressed]);
  const provenance = {
    kernelRelease: result.kernelRelease,
    sourcePackage: SOURCE_PACKAGE,
    ...identity,
    compiler: output('gcc', ['--version']).split('\n')[0],
    binutils: output('ld', ['--version']).split('\n')[0],
    compressor: output('zstd', ['--version']).replaceAll('*', '').trim(),
    patches: result.patches,
    configSha256: result.configSha256,
    fullConfigSha256: result.fullConfigSha256,
    vmlinuxSha256: result.vmlinuxSha256,
    vmlinuxBytes: result.vmlinuxBytes,
    compressedSha256: await sha256(compressed),
    compressedBytes: (await stat(compressed)).size,
    builtWith: 'node guest/kernel/build.mjs',
  };
  // Copied under another name and renamed, so that nobody boots half a kernel.
  const place = async (name, write) => {
    const temporary = path.join(out, `.${name}.new`);
    await write(temporary);
    await chmod(temporary, 0o644);
    await rename(temporary, path.join(out, name));
  };
  await place('config', (file) => writeFile(file, result.fullConfig));
  await place('vmlinux.zst', (file) => copyFile(compressed, file));
  await place('provenance.json', (file) => writeFile(file, `${JSON.stringify(provenance, null, 2)}\n`));
  return provenance;
}

/** Checks the files in `out` against their provenance, without building. */
async function checkPrebuilt(out, provenance) {
  const file = path.join(out, 'vmlinux.zst');
  if ((await sha256(file)) !== provenance.compressedSha256) {
    throw new BuildError(`${file} does not have the SHA-256 that provenance.json records.`);
  }
  const unpacked = spawnSync('zstd', ['-dc', file], { maxBuffer: 1 << 28 });
  if (unpacked.status !== 0) throw new BuildError(`${file} cannot be decompressed.`);
  if (createHash('sha256').update(unpacked.stdout).digest('hex') !== provenance.vmlinuxSha256) {
    throw new BuildError(`The kernel inside ${file} does not have the SHA-256 that provenance.json records.`);
  }
  if ((await sha256(FRAGMENT)) !== provenance.configSha256) {
    throw new BuildError(`${path.basename(FRAGMENT)} changed since the prebuilt kernel was made: build it again.`);
  }
  if ((await sha256(path.join(out, 'config'))) !== provenance.fullConfigSha256) {
    throw new BuildError(`${path.join(out, 'config')} is not the configuration that provenance.json records.`);
  }
  if (JSON.stringify(await readPatches()) !== JSON.stringify(provenance.patches)) {
    throw new BuildError('The patches changed since the prebuilt kernel was made: build it again.');
  }
}

function say(text) {
  process.stderr.write(`kernel: ${text}\n`);
}

async function main() {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: path.join(HERE, 'prebuilt', ARCH) },
      work: { type: 'string' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      verify: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      'check-prebuilt': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      'update-source': { type: 'boolean', default: false },
    },
  });
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1) throw new BuildError(`--jobs must be a whole number above 0, not "${values.jobs}".`);
  const out = path.resolve(values.out);
  const pinned = (await readProvenance(out)) ?? (await readProvenance(path.join(HERE, 'prebuilt', ARCH)));
  if (values.verify || values['check-prebuilt']) {
    if (!pinned) throw new BuildError('There is no provenance.json to verify against.');
    await checkPrebuilt(out, pinned);
    say('the prebuilt image, its compressed form, its configuration and the patches match provenance.json');
    if (!values.verify) return;
  }
  if (process.arch !== 'x64') throw new BuildError(`This kernel is built on x86_64; this machine is ${process.arch}.`);
  await ensureSystemPackages(['kernel']);
  const identity = await identifySource(pinned, { accept: values['update-source'] });

  // A fresh directory of another name each time: a path that leaks into the result shows at once.
  const parent = values.work ? path.resolve(values.work) : tmpdir();
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(path.join(parent, values.verify ? 'berth-kernel-verify-' : 'berth-kernel-'));
  let keep = values.keep;
  try {
    const result = await build(work, { jobs, configOnly: values.check });
    if (values.check) {
      const same = result.fullConfigSha256 === pinned?.fullConfigSha256;
      say(`every option of the fragment is in the final configuration, which ${same ? 'is' : 'is not'} that of the prebuilt kernel`);
    } else if (values.verify) {
      if (result.vmlinuxSha256 !== pinned.vmlinuxSha256) {
        keep = true;
        throw new BuildError(
          `The rebuilt kernel differs from the prebuilt one: SHA-256 ${result.vmlinuxSha256}, provenance.json says ${pinned.vmlinuxSha256}. ` +
            (result.fullConfigSha256 === pinned.fullConfigSha256 ? '' : 'The final configurations differ too. ') +
            `Built with ${output('gcc', ['--version']).split('\n')[0]}; the prebuilt one with ${pinned.compiler}. The rebuilt one is in ${work}.`);
      }
      say(`verified: a rebuild in ${work} gives the same vmlinux, SHA-256 ${result.vmlinuxSha256}`);
    } else {
      const provenance = await publish(out, result, identity);
      say(`wrote ${out}: ${provenance.kernelRelease}, ${provenance.vmlinuxBytes} bytes (${provenance.compressedBytes} compressed), SHA-256 ${provenance.vmlinuxSha256}`);
    }
  } catch (error) {
    keep = true;
    throw error;
  } finally {
    if (keep) say(`build directory kept: ${work}`);
    else await rm(work, { recursive: true, force: true });
  }
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    say(error instanceof BuildError ? error.message : error.stack);
    process.exitCode = 1;
  });
}
