import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { BerthError } from '../protocol/errors.ts';
import type { Architecture } from './qemuArguments.ts';

/** An installed QEMU. */
export interface Qemu {
  readonly program: string;
  /** Like `7.2.22`. */
  readonly version: string;
}

/** The architecture of this machine in QEMU's words. */
export function hostArchitecture(architecture: string = process.arch): Architecture {
  if (architecture === 'x64') return 'x86_64';
  if (architecture === 'arm64') return 'aarch64';
  throw new BerthError('QemuMissing', `Berth cannot run virtual machines on ${architecture} processors; it needs x86-64 or ARM64.`);
}

/**
 * Finds the program: `BERTH_QEMU`, or `qemu-system-<architecture>` in PATH.
 * @throws BerthError QemuMissing with what to install.
 */
export async function findQemu(architecture: Architecture, environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const chosen = environment['BERTH_QEMU'];
  if (chosen) {
    if (await isExecutable(chosen)) return chosen;
    throw new BerthError('QemuMissing', `BERTH_QEMU names ${chosen}, which is not a program. Correct it, or unset it to use the QEMU in PATH.`);
  }
  const name = `qemu-system-${architecture}`;
  for (const directory of (environment['PATH'] ?? '').split(delimiter)) {
    if (directory !== '' && (await isExecutable(join(directory, name)))) return join(directory, name);
  }
  throw new BerthError('QemuMissing', `QEMU is not installed: ${name} was not found in PATH. ${installationHint(architecture)}`);
}

/** @throws BerthError QemuMissing when the program does not say a version as QEMU does, or not in time. */
export async function qemuVersion(program: string, limitMilliseconds = 30_000): Promise<string> {
  // SIGKILL, because a process that is stopped does not heed anything else.
  const output = await promisify(execFile)(program, ['--version'], { timeout: limitMilliseconds, killSignal: 'SIGKILL' }).then(
    ({ stdout }) => stdout,
    (error: unknown) => {
      throw new BerthError('QemuMissing', `${program} could not be run. Install QEMU again, or set BERTH_QEMU.`, { cause: error });
    },
  );
  const match = /QEMU emulator version (\d+\.\d+(?:\.\d+)?)/.exec(output);
  if (match?.[1]) return match[1];
  throw new BerthError('QemuMissing', `${program} is not QEMU. Install QEMU, or set BERTH_QEMU to its path.`);
}

function installationHint(architecture: Architecture): string {
  if (process.platform === 'darwin') return 'Install it with “brew install qemu”.';
  const debian = architecture === 'x86_64' ? 'qemu-system-x86' : 'qemu-system-arm';
  return `Install it with “sudo apt install ${debian}” (Debian, Ubuntu), “sudo dnf install qemu-kvm” (Fedora) or your system’s package manager.`;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // Whatever the reason, it cannot be run from here.
  }
}
