import { rm } from 'node:fs/promises';
import { GuestClient } from '../../guest/guestClient.ts';
import { startVirtualMachine } from '../../vm/virtualMachine.ts';
import { guestContainer, vmConfiguration } from '../run/containerRun.ts';
import { pauseError } from '../run/diskPause.ts';
import { checkOpenedShares } from '../run/openedShares.ts';
import type { RunContext } from '../run/runContext.ts';
import { explain, withLimit } from '../run/runFailure.ts';
import type { RunStorage } from '../run/runStorage.ts';
import type { VmBasis } from '../run/vmPlatform.ts';

/** The signal also ends what cannot go on because the VM cannot. */
export type UseGuest<Result> = (guest: GuestClient, signal: AbortSignal) => Promise<Result>;

/**
 * Boots a VM with the disk and the mounts of a container that does not run, starts nothing in it, lets `use` work with
 * its guest and shuts it down in order. Its record and its logs stay as they are. Should the host be killed meanwhile,
 * the next one finds a VM whose container was never started, and ends it; the disk's journal keeps the files whole.
 */
export function withMaintenance<Result>(original: RunContext, basis: VmBasis, storage: RunStorage, signal: AbortSignal, use: UseGuest<Result>): Promise<Result> {
  return withLimit(original.limits.boot, 'boot', (boot) => maintain(original, basis, storage, { signal, boot }, use));
}

async function maintain<Result>(original: RunContext, basis: VmBasis, storage: RunStorage, { signal, boot }: { readonly signal: AbortSignal; readonly boot: AbortSignal }, use: UseGuest<Result>): Promise<Result> {
  const { paths, limits, hostVersion, log, record } = original;
  const context = { ...original, paths: { ...paths, bootLog: paths.maintenanceLog, qemuLog: paths.maintenanceQemuLog } };
  const paused = new AbortController();
  const ending = AbortSignal.any([signal, paused.signal]);
  const limit = AbortSignal.any([boot, ending]);
  try {
    const machine = await startVirtualMachine(basis.qemu.program, vmConfiguration(context, basis, storage, { withLive: false }), context.paths.qemuLog, limit).catch(async (error: unknown) => {
      throw await explain(error, context);
    });
    machine.onPauseChanged(() => machine.pause && paused.abort(pauseError(record.name, machine.pause)));
    let guest: GuestClient | undefined;
    try {
      ({ guest } = await GuestClient.connect(paths.controlSocket, hostVersion, { signal: limit, answerMilliseconds: limits.answer }));
      await checkOpenedShares(machine.pid, record.mounts.map(({ source }) => source));
      await guest.mountContainer(await guestContainer(record, storage, false), limit);
      const result = await use(guest, ending);
      await shutDown(guest, limits.shutdown);
      return result;
    } catch (error) {
      const reason = await explain(error, context, machine);
      // What was written before is kept, and the file system is left clean, where the guest still can.
      if (guest?.connected && !machine.pause) await shutDown(guest, limits.shutdown).catch((failure: unknown) => log.error('A virtual machine did not shut down in order', failure, { container: record.id }));
      throw reason;
    } finally {
      guest?.close();
      await machine.quit(limits.quit);
    }
  } finally {
    await rm(paths.sockets, { recursive: true, force: true });
  }
}

function shutDown(guest: GuestClient, milliseconds: number): Promise<void> {
  return withLimit(milliseconds, 'shut down', (late) => guest.shutdown(late));
}
