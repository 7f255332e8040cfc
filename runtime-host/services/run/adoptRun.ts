import { constants } from 'node:os';
import { GuestClient } from '../../guest/guestClient.ts';
import type { VirtualMachine } from '../../vm/virtualMachine.ts';
import { ContainerRun, firstProcess, hangUpPrefix, sessionPrefix } from './containerRun.ts';
import type { RunContext } from './runContext.ts';
import { explain, withLimit } from './runFailure.ts';

/**
 * Takes charge of a VM that an earlier host started. One that cannot be talked to is ended, unless that is because it was
 * paused for its disk: then it stays as it is.
 * @returns undefined when there is nothing to take charge of, as its start was never finished
 */
export async function adoptRun(context: RunContext, machine: VirtualMachine): Promise<ContainerRun | 'paused' | undefined> {
  const { limits } = context;
  const paused = new AbortController();
  machine.onPauseChanged(() => machine.pause && paused.abort());
  let guest: GuestClient | undefined;
  try {
    const { guest: connected, state } = await withLimit(limits.adopt, 'answer', (limit) =>
      GuestClient.connect(context.paths.controlSocket, context.hostVersion, { signal: AbortSignal.any([limit, paused.signal]), answerMilliseconds: limits.answer }),
    );
    guest = connected;
    if (!state.containerStarted) {
      guest.close();
      await machine.kill();
      return undefined;
    }
    await context.output.open('same');
    const isSession = (id: string): boolean => id.startsWith(sessionPrefix);
    const run = new ContainerRun(context, machine, guest, state.processes.map(({ id }) => id).filter(isSession));
    for (const { id } of state.processes) {
      if (isSession(id)) continue;
      if (id.startsWith(hangUpPrefix)) run.abandon(id, constants.signals.SIGHUP);
      else if (id !== firstProcess) run.discardOutput(id);
    }
    return run;
  } catch (error) {
    await context.output.close().catch((failure: unknown) => context.log.error('A container’s log could not be closed', failure, { container: context.record.id }));
    if (machine.pause) {
      guest?.close();
      return 'paused';
    }
    const reason = await explain(error, context, machine);
    // Nobody will be able to end it later; what it still holds is written back if it can be.
    await withLimit(limits.shutdown, 'shut down', async (late) => guest?.shutdown(late)).catch((failure: unknown) => {
      context.log.error('A virtual machine did not shut down in order', failure, { container: context.record.id });
    });
    guest?.close();
    await machine.quit(limits.quit);
    throw reason;
  }
}
