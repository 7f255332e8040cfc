import { randomBytes } from 'node:crypto';
import { BerthError } from '../../protocol/errors.ts';
import type { ExecOptions } from '../../protocol/types.ts';
import type { Container } from '../container.ts';
import { guestProcess, hangUpPrefix, type ContainerRun } from './containerRun.ts';
import { checkEnvironment, checkProgram, checkWords, checkWorkingDirectory, environmentOf, mergeEnvironment } from '../specification/containerSpec.ts';
import type { ProcessStreams } from '../interfaces.ts';
import { furtherProcessStreams } from './processStreams.ts';
import { sigkill } from '../specification/signals.ts';
import { rightsOf } from '../specification/worldSpec.ts';

/** A further process, which can be sent signals as well. */
export interface FurtherProcess extends ProcessStreams {
  /** A signal that comes too late is no error. */
  signal(signal: number): Promise<void>;
}

export interface RunningContainer {
  readonly container: Container;
  readonly run: ContainerRun;
}

/**
 * Starts a further process in a running container.
 * @throws BerthError InvalidArgument, ContainerNotRunning, CommandNotFound, CommandNotExecutable, UserNotFound, GuestFailed
 */
export async function execProcess(target: RunningContainer, process: ExecOptions): Promise<FurtherProcess> {
  const { run } = target;
  const id = `${process.hangUp ? hangUpPrefix : 'exec-'}${randomBytes(8).toString('hex')}`;
  await startFurtherProcess(target, process, id);
  return {
    ...furtherProcessStreams(run, id, { hangUp: process.hangUp ?? false }),
    signal: async (signal) => {
      await run.guest.signal(id, signal);
    },
  };
}

/**
 * Starts one under a name, and leaves its streams to the caller.
 * @throws the same
 */
export async function startFurtherProcess({ container, run }: RunningContainer, process: ExecOptions, id: string): Promise<void> {
  if (process.command.length === 0) throw new BerthError('InvalidArgument', 'No command was given.');
  checkProgram(process.command);
  checkWords('command', process.command);
  checkEnvironment(process.env ?? []);
  checkWorkingDirectory(process.workingDirectory);
  const { record } = container;
  const terminal = process.terminal ?? false;
  await run.explained(run.guest.startProcess(
    guestProcess(id, {
      arguments: process.command,
      env: mergeEnvironment(terminal ? ['TERM=xterm-256color'] : [], environmentOf(record), process.env ?? []),
      workingDirectory: process.workingDirectory ?? record.workingDirectory,
      user: process.user ?? record.user,
      terminal,
      stdin: process.stdin ?? false,
      ...(process.size ? { size: process.size } : {}),
    }, rightsOf(record.world, process.privileged)),
    () => run.abandon(id, sigkill),
  ));
}
