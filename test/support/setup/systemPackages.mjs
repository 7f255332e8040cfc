import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { run, step } from './run.mjs';

const execute = promisify(execFile);

/** Debian packages for each thing that a checkout is used for. */
const packagesFor = {
  run: ['qemu-system-x86'],
  starterImage: ['mmdebstrap', 'gpg', 'uidmap', 'docker-registry', 'skopeo'],
  codeServer: ['build-essential', 'libkrb5-dev', 'pkg-config', 'python3'],
  browser: ['chromium'],
  kernel: ['linux-source-6.12', 'gcc', 'binutils', 'make', 'flex', 'bison', 'bc', 'perl', 'patch', 'tar', 'xz-utils', 'zstd', 'libelf-dev', 'libssl-dev'],
  test: ['busybox-static', 'openssl', 'procps', 'cpio', 'e2fsprogs', 'attr', 'qemu-utils', 'skopeo', 'umoci', 'zstd', 'xz-utils', 'zsh', 'fish'],
};

/**
 * Installs the system packages that are missing, as root or through sudo.
 * @param {(keyof typeof packagesFor)[]} purposes
 * @throws Error that holds the one line to run when there are no rights to install.
 */
export async function ensureSystemPackages(purposes) {
  const wanted = [...new Set(purposes.flatMap((purpose) => packagesFor[purpose]))];
  if (!existsSync('/usr/bin/dpkg-query')) {
    process.stderr.write(`This is not a Debian system. Make sure that it has: ${wanted.join(', ')}.\n`);
    return;
  }
  const missing = await missingPackages(wanted);
  if (missing.length === 0) return;
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
  const prefix = await rootPrefix();
  if (prefix === undefined) {
    throw new Error(`System packages are missing. Run this line, then try again:\n  sudo apt-get update && sudo ${install.join(' ')}`);
  }
  await step(`Installing system packages: ${missing.join(', ')}`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const asRoot = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive'];
    await run(asRoot[0], [...asRoot.slice(1), 'apt-get', 'update', '-q'], { env });
    await run(asRoot[0], [...asRoot.slice(1), ...install, '-q'], { env });
    if (missing.includes('docker-registry')) await keepRegistryServiceOff(prefix);
  });
}

async function missingPackages(names) {
  const { stdout } = await execute('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names]).catch((error) => error);
  const installed = new Set(
    String(stdout ?? '')
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** How to become root: nothing to add, through sudo, or undefined when neither works without a question. */
async function rootPrefix() {
  if (process.getuid() === 0) return [];
  if (process.stdin.isTTY) {
    try {
      execFileSync('sudo', ['-v'], { stdio: 'inherit' });
      return ['sudo'];
    } catch {
      return undefined;
    }
  }
  return execute('sudo', ['-n', 'true']).then(() => ['sudo'], () => undefined);
}

/** Debian starts a registry service with the package; we run our own, on loopback, only while it is needed. */
async function keepRegistryServiceOff(prefix) {
  if (!existsSync('/run/systemd/system')) return;
  const command = [...prefix, 'systemctl', 'disable', '--now', 'docker-registry'];
  await run(command[0], command.slice(1));
}
