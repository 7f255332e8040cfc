import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, readFile, rm } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writeFileAtomically } from '../base/atomicFile.ts';
import type { Logger } from '../base/log.ts';
import { BerthError, isNodeError } from '../protocol/errors.ts';
import { probePrefix, type BerthPaths } from '../protocol/paths.ts';
import type { Accelerator } from '../protocol/types.ts';
import type { GuestAssets } from './guestAssets.ts';
import type { Qemu } from './qemu.ts';
import { hostArchitecture } from './qemu.ts';
import { hostTscKilohertz } from './tscFrequency.ts';
import { startVirtualMachine, type VirtualMachine } from './virtualMachine.ts';

/** A machine with hardware virtualization boots our kernel in well under a second. */
const bootLimitMilliseconds = 3000;
/** For QEMU to be there, before anything is booted. */
const startLimitMilliseconds = 30_000;
/** What this user could try: a device that cannot be opened is none, until somebody gives them the right to it. */
type Candidate = Exclude<Accelerator, 'tcg'> | 'none';

/** accelerator.json: the answer, and everything that it depends on. */
interface RememberedProbe {
  readonly version: 1;
  readonly accelerator: Accelerator;
  readonly candidate: Candidate;
  readonly bootId: string;
  readonly qemu: string;
  readonly kernelSha256: string;
}

export interface ProbeContext {
  readonly qemu: Qemu;
  readonly assets: GuestAssets;
  readonly paths: BerthPaths;
  readonly log: Logger;
  readonly environment: NodeJS.ProcessEnv;
  /** Gets a sentence for the user when a new answer is that containers will be slow. */
  readonly notify: (message: string) => void;
}

/**
 * How VMs run here. A device like /dev/kvm proves nothing: there are machines where it opens and creates virtual
 * processors on which no guest ever boots. So our own kernel is booted on it once, with a time limit, and the answer is
 * remembered until the machine restarts or what it depends on changes. `BERTH_ACCEL` overrides it. A new answer that is
 * emulation is told the user; a remembered one is not news.
 * @throws BerthError InvalidArgument when BERTH_ACCEL is not an accelerator.
 */
export async function chooseAccelerator(context: ProbeContext): Promise<Accelerator> {
  const chosen = context.environment['BERTH_ACCEL'];
  if (chosen) {
    if (chosen === 'kvm' || chosen === 'hvf' || chosen === 'tcg') return chosen;
    throw new BerthError('InvalidArgument', `BERTH_ACCEL is “${chosen}”; it can be kvm, hvf or tcg. Correct it or unset it.`);
  }
  const candidate = await hardwareCandidate();
  const key = { candidate, bootId: await bootId(), qemu: `${context.qemu.program} ${context.qemu.version}`, kernelSha256: context.assets.kernelSha256 };
  const remembered = await readRemembered(context.paths.acceleratorProbe);
  if (remembered && remembered.candidate === candidate && remembered.bootId === key.bootId && remembered.qemu === key.qemu && remembered.kernelSha256 === key.kernelSha256) {
    return remembered.accelerator;
  }
  const accelerator = candidate !== 'none' && (await boots(candidate, context)) ? candidate : 'tcg';
  const answer: RememberedProbe = { version: 1, accelerator, ...key };
  await mkdir(context.paths.home, { recursive: true, mode: 0o700 });
  await writeFileAtomically(context.paths.acceleratorProbe, JSON.stringify(answer, undefined, 2));
  if (accelerator === 'tcg') {
    context.log.warn('Containers run under emulation', { candidate });
    context.notify(whySlow(candidate));
  }
  return accelerator;
}

function whySlow(candidate: Candidate): string {
  const why = candidate === 'none' ? 'This machine has no hardware virtualization that you may use' : `This machine’s hardware virtualization (${candidate}) starts no virtual machine`;
  return `${why}, so Berth emulates. Containers start and run slower.`;
}

async function hardwareCandidate(): Promise<Candidate> {
  if (process.platform === 'darwin') return 'hvf';
  if (process.platform !== 'linux') return 'none';
  return access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => 'kvm',
    () => 'none',
  );
}

/**
 * Boots our kernel and vminitd, nothing else. vminitd powers off at once when it finds `berth.probe` on the kernel's
 * command line; every other end, such as a kernel panic, is a reset or none at all. Exported for its tests.
 */
export async function boots(accelerator: Accelerator, context: ProbeContext, limitMilliseconds = bootLimitMilliseconds): Promise<boolean> {
  const directory = join(context.paths.runtime, `${probePrefix}${randomBytes(3).toString('hex')}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const qmpSocket = join(directory, 'qmp.sock');
  let machine: VirtualMachine | undefined;
  const tscKilohertz = await hostTscKilohertz(); // Of use where emulation itself is tried, by tests.
  try {
    machine = await startVirtualMachine(
      context.qemu.program,
      {
        id: 'probe',
        architecture: hostArchitecture(),
        accelerator,
        qemuVersion: context.qemu.version,
        cpus: 1,
        memoryBytes: 256 * 1024 * 1024,
        kernel: context.assets.kernel,
        initramfs: context.assets.initramfs,
        kernelArguments: ['berth.probe'],
        bootLog: join(directory, 'boot.log'),
        qmpSocket,
        controlSocket: join(directory, 'control.sock'),
        paused: true,
        ...(tscKilohertz === undefined ? {} : { tscKilohertz }),
      },
      join(directory, 'qemu.log'),
      failureAfter(startLimitMilliseconds),
    );
    return await powersOff(machine, limitMilliseconds);
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'VmFailed') throw error;
    context.log.info('The accelerator probe failed to start.', { accelerator, reason: error.message });
    return false;
  } finally {
    await machine?.kill();
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Lets a paused VM run; answers whether its guest powers it off in time. It is paused until we are connected, so that no
 * guest is too fast to be noticed.
 */
async function powersOff(machine: VirtualMachine, limitMilliseconds: number): Promise<boolean> {
  const limit = new AbortController();
  try {
    const shutdown = machine.ended.then(({ reason }) => reason === 'guest-shutdown');
    const tooLate = delay(limitMilliseconds, false, { signal: limit.signal });
    const refused = machine.resume().then(() => new Promise<never>(() => undefined));
    return await Promise.race([shutdown, tooLate, refused]);
  } finally {
    limit.abort();
  }
}

function failureAfter(milliseconds: number): AbortSignal {
  const limit = new AbortController();
  setTimeout(() => limit.abort(new BerthError('VmFailed', `QEMU did not start within ${milliseconds / 1000} seconds.`)), milliseconds).unref();
  return limit.signal;
}

/** Changes with each start of the machine. */
async function bootId(): Promise<string> {
  if (process.platform !== 'linux') return release();
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** Undefined when there is none, or none that can be believed: then the probe is simply made again. */
async function readRemembered(path: string): Promise<RememberedProbe | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value = JSON.parse(text) as Partial<RememberedProbe>;
    const known = value.accelerator === 'kvm' || value.accelerator === 'hvf' || value.accelerator === 'tcg';
    return value.version === 1 && known ? (value as RememberedProbe) : undefined;
  } catch {
    return undefined;
  }
}
