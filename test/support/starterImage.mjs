import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { startRegistryServer } from './registryServer.mjs';

/*
 * The starter image: a small Debian for development, built here from Debian's own packages, so that Berth can be tried
 * where no public registry is reachable. Plain JavaScript, because setting up runs it before Node 24 is installed.
 *
 *   mmdebstrap ── tar ──► gzip ──► layer 1 (Debian)     ┐
 *   tar of a few files ──► gzip ─► layer 2 (settings)   ├─► OCI layout in <cache>/starter-<hash of the recipe>
 *   configuration, manifest, index.json                 ┘        └─► docker-registry on loopback
 */

/** Everything that decides what the image is; a change of anything here makes a new image. */
const recipe = {
  format: 1,
  suite: 'bookworm',
  variant: 'minbase',
  packages: ['bash', 'ca-certificates', 'curl', 'git', 'less', 'procps', 'python3'],
  // As in Debian's "slim" images; licences stay.
  excluded: ['/usr/share/man/*', '/usr/share/info/*', '/usr/share/doc/*', '/usr/share/locale/*'],
  included: ['/usr/share/doc/*/copyright', '/usr/share/locale/locale.alias'],
  /** Seconds since 1970; nothing in the image is younger. */
  timestamp: Date.UTC(2026, 0, 1) / 1000,
  config: {
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'],
    Cmd: ['bash'],
    WorkingDir: '/',
    Labels: { 'org.opencontainers.image.title': 'Berth starter image', 'org.opencontainers.image.description': 'Debian 12 with bash, git, curl, python3, procps and less' },
  },
  /** mmdebstrap leaves out /dev together with the device nodes in it. */
  directories: ['dev', 'workspaces'],
  files: {
    'etc/motd': 'This is the Berth starter image, Debian 12. Your folder is under /workspaces.\n',
    'root/.bashrc': "PS1='\\u@\\h:\\w\\$ '\nalias ls='ls --color=auto'\n",
  },
};

const run = promisify(execFile);
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
/** Name of the image in the registry. */
export const starterName = 'berth/starter:12';

/**
 * The starter image as an OCI layout (tag `12`), built now if the cache does not have it. Needs mmdebstrap and Debian's
 * packages; as root, or as a user who may have user namespaces.
 *
 * @param {import('./starterImage.mjs').StarterImageOptions} [options]
 * @returns {Promise<import('./starterImage.mjs').StarterImage>}
 */
export async function ensureStarterImage({ cacheDir = defaultCacheDirectory(), log = () => {} } = {}) {
  const key = createHash('sha256').update(JSON.stringify({ ...recipe, architecture })).digest('hex').slice(0, 16);
  const directory = join(cacheDir, `starter-${key}`);
  if (await exists(join(directory, 'index.json'))) return describe(directory);
  await mkdir(cacheDir, { recursive: true });
  await removeAbandoned(cacheDir);
  const partial = join(cacheDir, `starter-${key}.${randomBytes(4).toString('hex')}.partial`);
  try {
    await buildLayout(partial, log);
    await renameUnlessThere(partial, directory);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return describe(directory);
}

/**
 * Serves the starter image from a real registry on loopback until `stop()`; its data stays in the cache.
 *
 * @param {import('./starterImage.mjs').StarterRegistryOptions} [options]
 * @returns {Promise<import('./starterImage.mjs').StarterRegistry>}
 */
export async function startStarterRegistry({ cacheDir = defaultCacheDirectory(), log = () => {}, port = 0 } = {}) {
  const image = await ensureStarterImage({ cacheDir, log });
  const server = await startRegistryServer({ port, dataDirectory: `${image.directory}.registry` });
  const reference = `${server.host}/${starterName}`;
  try {
    if ((await servedDigest(server.host)) !== image.manifestDigest) {
      log('Copying the starter image into the local registry');
      await run('skopeo', ['--insecure-policy', 'copy', '--quiet', '--preserve-digests', '--dest-tls-verify=false', `oci:${image.directory}:12`, `docker://${reference}`]);
    }
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { ...server, reference, image };
}

export function defaultCacheDirectory() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'berth-dev');
}

async function describe(directory) {
  const index = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8'));
  return { directory, tag: '12', manifestDigest: index.manifests[0].digest };
}

async function buildLayout(directory, log) {
  await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
  const layers = [await debianLayer(directory, log), await settingsLayer(directory, log)];
  const created = new Date(recipe.timestamp * 1000).toISOString();
  const config = await writeBlob(directory, 'application/vnd.oci.image.config.v1+json', {
    created,
    architecture,
    os: 'linux',
    config: recipe.config,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: [{ created, created_by: 'mmdebstrap' }, { created, created_by: 'Berth settings' }],
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = await writeBlob(directory, mediaType, { schemaVersion: 2, mediaType, config, layers: layers.map((layer) => layer.descriptor) });
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const entry = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': '12' } };
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
}

/** Debian itself. What this machine leaves in it (its name, its name servers) is taken out, and /dev is the VM's own. */
async function debianLayer(directory, log) {
  log('Building the starter image from Debian packages (about half a minute)');
  const parameters = [
    `--variant=${recipe.variant}`,
    `--include=${recipe.packages.join(',')}`,
    ...recipe.excluded.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    ...recipe.included.map((pattern) => `--dpkgopt=path-include=${pattern}`),
    '--customize-hook=rm -f "$1/etc/resolv.conf" "$1/etc/hostname"',
    '--skip=output/dev',
    '--format=tar',
    recipe.suite,
    '-',
    ...(await mirrors()),
  ];
  const environment = { ...process.env, ...(await aptProxies()), SOURCE_DATE_EPOCH: String(recipe.timestamp) };
  return await layerFrom(directory, 'mmdebstrap', parameters, environment, (line) => {
    const step = /^I: (.*?)\.*$/.exec(line)?.[1];
    if (step) log(`  mmdebstrap: ${step}`);
  });
}

async function settingsLayer(directory, log) {
  log('Adding Berth’s settings to the starter image');
  const tree = await mkdtemp(join(tmpdir(), 'berth-starter-'));
  try {
    for (const path of recipe.directories) await mkdir(join(tree, path));
    for (const [path, content] of Object.entries(recipe.files)) {
      await mkdir(join(tree, path, '..'), { recursive: true });
      await writeFile(join(tree, path), content, { mode: 0o644 });
    }
    const parameters = ['--create', '--format=posix', '--pax-option=delete=atime,delete=ctime', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX', `--mtime=@${recipe.timestamp}`, '-C', tree];
    // Named one by one: the other directories' modes and owners are Debian's.
    return await layerFrom(directory, 'tar', [...parameters, ...recipe.directories, ...Object.keys(recipe.files)], process.env, () => {});
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

/** Runs a program that writes a tar archive to its output, and makes a gzipped layer of it on the way. */
async function layerFrom(directory, program, parameters, env, onLine) {
  const child = spawn(program, parameters, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${program} could not be started (${error.message}). Install the Debian package ${program}.`)));
    child.once('close', resolve);
  });
  const messages = collectLines(child.stderr, onLine);
  const temporary = join(directory, 'blobs', 'sha256', `.${randomBytes(4).toString('hex')}`);
  const tar = hashing();
  const compressed = hashing();
  const [status] = await Promise.all([ended, pipeline(child.stdout, tar.stream, createGzip({ level: 6 }), compressed.stream, createWriteStream(temporary))]);
  if (status !== 0) throw new Error(`${program} ended with status ${status}:\n${messages.join('\n')}`);
  const digest = compressed.digest();
  await rename(temporary, join(directory, 'blobs', 'sha256', digest.slice('sha256:'.length)));
  return { diffId: tar.digest(), descriptor: { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: compressed.size() } };
}

/** A pass-through that hashes and counts. */
function hashing() {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, digest: () => `sha256:${hash.digest('hex')}`, size: () => bytes };
}

/** Calls `onLine` for each line and keeps the last ones for an error message. */
function collectLines(stream, onLine) {
  const last = [];
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      onLine(line);
      last.push(line);
      if (last.length > 20) last.shift();
    }
  });
  return last;
}

async function writeBlob(directory, mediaType, value) {
  const content = JSON.stringify(value);
  const hex = createHash('sha256').update(content).digest('hex');
  await writeFile(join(directory, 'blobs', 'sha256', hex), content);
  return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(content) };
}

/** The Debian mirrors that this machine uses for the same release; none lets mmdebstrap take Debian's own. */
async function mirrors() {
  const format = '$(ORIGIN)\t$(CODENAME)\tdeb $(REPO_URI) $(CODENAME) $(COMPONENT)';
  const targets = await outputOf('apt-get', ['indextargets', '--format', format, 'Identifier: Packages']);
  const lines = targets.split('\n').map((line) => line.split('\t'));
  const ofSuite = lines.filter(([origin, codename]) => origin === 'Debian' && [recipe.suite, `${recipe.suite}-updates`, `${recipe.suite}-security`].includes(codename));
  return [...new Set(ofSuite.filter(([, , source]) => source?.endsWith(' main')).map(([, , source]) => source))];
}

/** mmdebstrap's apt has a configuration of its own; the machine's proxies reach it through the environment. */
async function aptProxies() {
  const proxies = {};
  for (const scheme of ['http', 'https']) {
    const [, value] = /='(.+)'/.exec(await outputOf('apt-config', ['shell', 'value', `Acquire::${scheme}::Proxy`])) ?? [];
    if (value && value !== 'DIRECT') proxies[`${scheme}_proxy`] = value;
  }
  return proxies;
}

/** What a program prints; nothing when it is not here or fails, because the defaults are good then. */
async function outputOf(program, parameters) {
  try {
    return (await run(program, parameters, { maxBuffer: 16 * 1024 * 1024 })).stdout;
  } catch {
    return '';
  }
}

async function servedDigest(host) {
  const [repository, tag] = starterName.split(':');
  const response = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, { method: 'HEAD', headers: { accept: 'application/vnd.oci.image.manifest.v1+json' } });
  return response.ok ? response.headers.get('docker-content-digest') : undefined;
}

/** Two builds at once are possible; the first to finish wins, both results are as good. */
async function renameUnlessThere(from, to) {
  try {
    await rename(from, to);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}

/** What a killed build left behind; a build that goes on is younger than a day. */
async function removeAbandoned(cacheDir) {
  for (const name of await readdir(cacheDir)) {
    if (!/^starter-.*\.partial$/.test(name)) continue;
    const { mtimeMs } = await stat(join(cacheDir, name));
    if (Date.now() - mtimeMs > 24 * 3600 * 1000) await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}

async function exists(path) {
  return await access(path).then(() => true, () => false);
}

/** `node test/support/starterImage.mjs [--serve]` */
async function main() {
  const log = (line) => console.error(line);
  if (!process.argv.includes('--serve')) {
    console.log((await ensureStarterImage({ log })).directory);
    return;
  }
  const registry = await startStarterRegistry({ log });
  console.log(registry.reference);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void registry.stop());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
