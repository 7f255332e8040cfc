import type { HostConnection } from '../client/connect.ts';
import { BerthError } from '../protocol/errors.ts';
import type { ContainerInfo } from '../protocol/types.ts';
import { attachProcess, detached } from './attachedProcess.ts';
import { Exit, ExitStatus, Interrupted } from './cliError.ts';
import { ContainerEvents } from './containerEvents.ts';
import { DetachKeys } from './detachKeys.ts';

export interface StartAttachedOptions {
  readonly detachKeys?: readonly number[];
  readonly sigProxy: boolean;
  /** Pass our input on; the container must have been made with one. */
  readonly stdin: boolean;
  /** Called when it never ran and will not. */
  readonly discard?: () => Promise<void>;
  /** Cancels the start. */
  readonly signal: AbortSignal;
  /** Called when signals are ours to treat from now on. */
  readonly handOver: () => void;
}

/**
 * Starts a container, joined to our terminal or pipes from its first byte on, and waits for its end.
 * @throws Exit with its status, unless the user left it with the keys for that; Interrupted; BerthError
 */
export async function startAttached(client: HostConnection, { id, terminal }: ContainerInfo, options: StartAttachedOptions): Promise<void> {
  const { stdin, signal } = options;
  const events = new ContainerEvents(client, id);
  let ran = false;
  const started = events.started.then(() => { ran = true; });
  try {
    throwIfInterrupted(signal);
    const stream = await client.containers.attach(id, { start: true, signal });
    if (signal.aborted) stream.close();
    throwIfInterrupted(signal);
    // Whatever it prints, it runs.
    stream.stdout.once('readable', () => {
      if (stream.stdout.readableLength > 0) events.noticeRunning();
    });
    const joined = attachProcess(stream, {
      terminal, stdin, started, detachKeys: terminal && stdin ? new DetachKeys(options.detachKeys) : undefined,
      ...(options.sigProxy && { sendSignal: (name: NodeJS.Signals) => client.containers.signal(id, name) }),
    });
    options.handOver();
    const status = await joined;
    if (status === detached) return;
    await untilSettled(client, id);
    throw new Exit(status ?? ExitStatus.ok);
  } catch (error) {
    if (!ran && (error instanceof Interrupted || !(error instanceof Exit))) await options.discard?.();
    throw error;
  } finally {
    events.dispose();
  }
}

/** For a signal that came too late to cancel the request before, but not too late. */
export function throwIfInterrupted(signal: AbortSignal): void {
  signal.throwIfAborted();
}

/** Until the host has recorded its end, or removed it for that. */
async function untilSettled(client: HostConnection, id: string): Promise<void> {
  try {
    await client.containers.wait(id);
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'ContainerNotFound') throw error;
  }
}
