import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/*
 * Debian's docker-registry (the reference implementation of the distribution specification) on a loopback port, with
 * its data in a directory of its own. Plain JavaScript, because setting up runs it before Node 24 is installed.
 */

/**
 * Starts a registry and answers once it accepts connections: it chooses its own free port and says so in its log,
 * after it has bound it. It ends with `stop()`, and on Linux also with this process, however that ends.
 *
 * @param {import('./registryServer.mjs').RegistryServerOptions} [options]
 * @returns {Promise<import('./registryServer.mjs').RegistryServer>}
 */
export async function startRegistryServer(options = {}) {
  const work = await mkdtemp(join(tmpdir(), 'berth-registry-'));
  const data = options.dataDirectory ?? join(work, 'data');
  await mkdir(data, { recursive: true });
  const configFile = join(work, 'config.json');
  await writeFile(configFile, JSON.stringify(configuration(data, options)));
  const child = spawnBoundToThisProcess('docker-registry', ['serve', configFile]);
  const ended = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(work, { recursive: true, force: true });
  };
  try {
    const port = await listeningPort(child);
    return { host: `localhost:${port}`, port, pid: child.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** JSON is YAML, so the configuration needs no YAML writer. */
function configuration(data, { port = 0, auth, tls, disableUploadPurging = true }) {
  return {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: data },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: !disableUploadPurging } },
    },
    http: { addr: `127.0.0.1:${port}`, ...(tls ? { tls } : {}) },
    ...(auth ? { auth } : {}),
  };
}

/** On Linux the kernel ends the child when this process dies, even by SIGKILL: `setpriv --pdeathsig`. */
function spawnBoundToThisProcess(command, parameters) {
  const stdio = ['ignore', 'ignore', 'pipe'];
  if (process.platform !== 'linux') return spawn(command, parameters, { stdio });
  return spawn('setpriv', ['--pdeathsig', 'TERM', command, ...parameters], { stdio });
}

function listeningPort(child) {
  return new Promise((resolve, reject) => {
    let log = '';
    child.once('error', (error) => reject(new Error(`docker-registry could not be started: ${error.message}`, { cause: error })));
    child.once('close', (code) => reject(new Error(`docker-registry ended with status ${code} before it listened (Debian package: docker-registry).\n${log}`)));
    child.stderr.setEncoding('utf8');
    // Read to the end even after the port is known: a full pipe would block the registry.
    child.stderr.on('data', (text) => {
      log = (log + text).slice(-16_384);
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(log);
      if (found) resolve(Number(found[1]));
    });
  });
}
