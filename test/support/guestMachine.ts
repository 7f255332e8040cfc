import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { GuestClient } from '../../runtime-host/guest/guestClient.ts';
import type { GuestContainer } from '../../runtime-host/guest/guestContainer.ts';
import { createOverlay } from '../../runtime-host/vm/overlay.ts';
import { findGuestAssets } from '../../runtime-host/vm/guestAssets.ts';
import { findQemu, hostArchitecture, qemuVersion } from '../../runtime-host/vm/qemu.ts';
import { qemuArguments } from '../../runtime-host/vm/qemuArguments.ts';
import { hostTscKilohertz } from '../../runtime-host/vm/tscFrequency.ts';
import type { VmHarness } from './vmHarness.ts';

/** A virtual machine without a host's services around it: for the contract with vminitd alone. */
export interface GuestMachine {
  readonly guest: GuestClient;
  /** What the processes of QEMU have used of the processors, in seconds. */
  cpuSeconds(): Promise<number>;
  /** Runs a command in the container and answers what it printed. */
  run(command: readonly string[], user?: string): Promise<{ readonly exitCode: number; readonly output: string }>;
  /** Standard output of a shell script that must succeed without a word on standard error. */
  shell(script: string, user?: string): Promise<string>;
  /** What the kernel and vminitd have said. */
  bootLog(): Promise<string>;
  /** A further connection of the same host would end the first. */
  stop(): Promise<void>;
}

export interface GuestMachineOptions {
  readonly qemu?: readonly string[];
  readonly container?: Partial<GuestContainer>;
  /** Disk of an earlier machine, which has ended. */
  readonly overlay?: string;
  readonly image?: string;
  /** Called before the container is started. */
  readonly prepare?: (guest: GuestClient) => Promise<unknown>;
}

const everyCapability = 0x1ffffffffffn;

let machines = 0;

/** Boots a machine and starts a container in it that sleeps. */
export async function bootGuest(berth: VmHarness, options: GuestMachineOptions = {}): Promise<GuestMachine> {
  const directory = join(berth.paths.runtime, `guest${machines++}`);
  await mkdir(directory);
  const program = await findQemu(hostArchitecture());
  const assets = await findGuestAssets(berth.paths, berth.environment);
  const disk = await berth.services.disks.ensure(options.image ?? berth.image);
  const overlay = options.overlay ?? join(directory, 'root.qcow2');
  if (!existsSync(overlay)) await createOverlay(overlay, disk.path, (await stat(disk.path)).size);
  const tscKilohertz = await hostTscKilohertz();
  const controlSocket = join(directory, 'control.sock');
  const bootLog = join(directory, 'boot.log');
  const args = qemuArguments({
    id: `guest${machines}`, architecture: hostArchitecture(), accelerator: 'tcg', qemuVersion: await qemuVersion(program), cpus: 1, memoryBytes: 256 * 1024 * 1024,
    kernel: assets.kernel, initramfs: assets.initramfs, ...(tscKilohertz !== undefined && { tscKilohertz }),
    bootLog, qmpSocket: join(directory, 'qmp.sock'), controlSocket, disk: { overlay, image: disk.path },
  });
  const child = spawn(program, [...args, ...(options.qemu ?? [])], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  while (!existsSync(bootLog) && child.exitCode === null) await setTimeout(10);
  const { guest } = await GuestClient.connect(controlSocket, 'test', { signal: AbortSignal.timeout(60_000), answerMilliseconds: 60_000 });
  let processes = 0;
  const processOf = (command: readonly string[], user = ''): GuestContainer['process'] => ({
    id: `p${processes++}`, arguments: command, environment: [], workingDirectory: '/', user, terminal: false, stdin: false,
    confinement: { capabilities: everyCapability, noNewPrivileges: false, unfiltered: false }, limits: [], additionalGroups: [],
  });
  const run: GuestMachine['run'] = async (command, user) => {
    const process = processOf(command, user);
    await guest.startProcess(process, () => undefined);
    let output = '';
    for await (const event of guest.attach({ processId: process.id, acknowledges: true })) {
      if (event.kind === 'exit') return { exitCode: event.code, output };
      output += Buffer.from(event.data).toString();
    }
    throw new Error('It has not ended.');
  };
  const machine: GuestMachine = {
    guest,
    run,
    shell: async (script, user) => {
      const { exitCode, output } = await run(['sh', '-ec', script], user);
      if (exitCode !== 0) throw new Error(`${script}: status ${exitCode}: ${output}`);
      return output;
    },
    cpuSeconds: async () => {
      const fields = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    bootLog: () => readFile(bootLog, 'utf8'),
    stop: async () => {
      await guest.shutdown().catch(() => undefined); // One that has ended already has nothing to lose.
      guest.close();
      child.kill('SIGKILL');
      await ended;
    },
  };
  try {
    await options.prepare?.(guest);
    await guest.startContainer({
      rootDevice: '/dev/vda', hostname: 'box', shares: [], volumes: [],
      world: { temporary: [], sharedMemoryBytes: 0n, readOnlyRoot: false, privileged: false, unmasked: false, maximumProcesses: 0n },
      process: processOf(['sleep', '1000000']), ...options.container,
    }, AbortSignal.timeout(60_000));
  } catch (error) {
    await machine.stop();
    throw error;
  }
  return machine;
}
