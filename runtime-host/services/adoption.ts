import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../base/log.ts';
import { BerthError } from '../protocol/errors.ts';
import { probePrefix, type BerthPaths } from '../protocol/paths.ts';
import { removeUnfinishedKernels } from '../vm/guestAssets.ts';
import { findProcesses, killProcess } from '../base/processes.ts';
import { qmpChardev } from '../vm/qemuArguments.ts';
import { adoptVirtualMachine, type VirtualMachine } from '../vm/virtualMachine.ts';
import { adoptRun } from './run/adoptRun.ts';
import type { Container } from './container.ts';
import type { ContainerLifecycle } from './containerLifecycle.ts';
import type { RunEnd } from './run/containerRun.ts';
import { WaitingMachine } from './run/waitingMachine.ts';

/**
 * After a restart of the host: takes charge of the VMs that still run, whatever their records say, and puts the records
 * right of those that do not. One container that cannot be adopted does not keep the others from it.
 * @param unreadable ids of containers of which nothing is known; what is theirs is left alone
 */
export async function adoptContainers(containers: readonly Container[], unreadable: ReadonlySet<string>, lifecycle: ContainerLifecycle, paths: BerthPaths, log: Logger): Promise<void> {
  const processes = await findProcesses(containers.map((container) => qmpChardev(container.paths.qmpSocket)));
  await Promise.all(
    containers.map(async (container) => {
      try {
        await adoptContainer(container, processes.get(qmpChardev(container.paths.qmpSocket)), lifecycle, log);
      } catch (error) {
        await markFailed(container, error, lifecycle, log);
      }
    }),
  );
  const used = [...containers.filter(({ run, waiting }) => run ?? waiting).map(({ id }) => id), ...unreadable];
  await removeStaleDirectories(new Set(used.map((id) => paths.container(id).sockets)), paths);
  await removeUnfinishedKernels(paths);
}

async function adoptContainer(container: Container, pid: number | undefined, lifecycle: ContainerLifecycle, log: Logger): Promise<void> {
  const { paths, limits } = lifecycle.context(container);
  const machine = pid === undefined ? undefined : await adoptVirtualMachine(pid, paths.qmpSocket, limits.adopt);
  if (machine) await adoptMachine(container, machine, lifecycle, log);
  else await noteEnd(container, lifecycle, log);
}

async function adoptMachine(container: Container, machine: VirtualMachine, lifecycle: ContainerLifecycle, log: Logger): Promise<void> {
  const run = machine.pause ? 'paused' : await adoptRun(lifecycle.context(container), machine);
  if (run === 'paused') {
    log.warn('Found a container that is paused.', { container: container.id, pid: machine.pid });
    waitForDisk(container, machine, lifecycle, log);
  } else if (run) {
    lifecycle.took(container, run);
    log.info('Found a running container again.', { container: container.id, pid: machine.pid });
  } else {
    await noteEnd(container, lifecycle, log);
  }
}

/** It counts as running, and is adopted when it goes on; what else is asked of it waits its turn until then. */
function waitForDisk(container: Container, machine: VirtualMachine, lifecycle: ContainerLifecycle, log: Logger): void {
  const waiting = new WaitingMachine(machine, lifecycle.context(container));
  const { promise: settled, resolve: settle } = Promise.withResolvers<RunEnd>();
  container.waiting = waiting;
  container.settled = settled;
  container.state = 'running';
  void container.queue.run(async () => {
    const goesOn = await waiting.goesOn;
    container.waiting = undefined;
    try {
      if (goesOn) await adoptMachine(container, machine, lifecycle, log);
      else await lifecycle.markStopped(container, waiting.failure);
    } catch (error) {
      await markFailed(container, error, lifecycle, log);
    }
    if (!container.active) lifecycle.noteEnded(container);
    if (container.settled !== settled) void container.settled?.then(settle);
    else settle({ error: waiting.failure });
  });
}

async function markFailed(container: Container, error: unknown, lifecycle: ContainerLifecycle, log: Logger): Promise<void> {
  log.error('A container could not be adopted', error, { container: container.id });
  await lifecycle.markStopped(container, BerthError.from(error)).catch((failure: unknown) => {
    log.error('The end of a container could not be recorded', failure, { container: container.id });
    container.state = 'stopped';
  });
}

/** Of a container without a VM. */
async function noteEnd(container: Container, lifecycle: ContainerLifecycle, log: Logger): Promise<void> {
  if (container.record.state === 'running' && container.record.exitCode !== undefined) {
    log.info('A container had ended before its virtual machine had.', { container: container.id });
    await lifecycle.markStopped(container);
  } else if (container.record.state === 'running') {
    log.warn('A container’s virtual machine is gone.', { container: container.id });
    const message = `The virtual machine of container “${container.name}” ended, or was still starting, when Berth’s runtime host ended. Start the container again.`;
    await lifecycle.markStopped(container, new BerthError('VmFailed', message));
  }
}

/** Socket directories of VMs that are gone, and accelerator probes that were interrupted: those VMs run on. */
async function removeStaleDirectories(used: ReadonlySet<string>, paths: BerthPaths): Promise<void> {
  const probes = (await readdir(paths.runtime)).filter((entry) => entry.startsWith(probePrefix)).map((entry) => join(paths.runtime, entry));
  const processes = await findProcesses(probes.map((probe) => qmpChardev(join(probe, 'qmp.sock'))));
  await Promise.all([...processes].map(([text, pid]) => killProcess(pid, text)));
  await Promise.all(probes.map((probe) => rm(probe, { recursive: true, force: true })));
  for (const entry of await readdir(paths.runtime)) {
    const path = join(paths.runtime, entry);
    if (/^[0-9a-f]{12}$/.test(entry) && !used.has(path)) await rm(path, { recursive: true, force: true });
  }
}
