import { constants } from 'node:os';
import { PassThrough, Writable } from 'node:stream';
import type { ProcessAttachment } from '../../guest/attachment.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { LogPlace } from '../../store/outputLog.ts';
import type { ContainerLog } from '../logs/containerLog.ts';
import type { ContainerRun, RunEnd } from './containerRun.ts';
import type { ProcessExit, ProcessStreams } from '../interfaces.ts';

/**
 * Streams of a container's first process. Output comes from its log, where each client reads at its own pace.
 * @param from place in the log to begin at
 * @param settled how the run ended, once the container's state says so too
 */
export function firstProcessStreams(run: ContainerRun, output: ContainerLog, from: LogPlace, settled: Promise<RunEnd>): ProcessStreams {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const closing = new AbortController();
  const copy = async (): Promise<void> => {
    for await (const entry of output.entries({ from, follow: true, misses: 'nothing', signal: closing.signal })) {
      await writeTo(entry.kind === 'stderr' ? stderr : stdout, entry.data);
    }
    stdout.end();
    stderr.end();
  };
  return {
    stdin: inputOf(run.input),
    stdout,
    stderr,
    exit: handled(exitOf(copy(), settled)),
    resize: ({ columns, rows }) => run.input.resize(columns, rows),
    close: () => {
      closing.abort();
      stdout.destroy();
      stderr.destroy();
    },
  };
}

/**
 * Streams of a further process, whose output goes to this one client: when it does not read, the process waits.
 * After close() its output is dropped and the process goes on, unless it is hung up (SIGHUP).
 */
export function furtherProcessStreams(run: ContainerRun, processId: string, { hangUp }: { readonly hangUp: boolean }): ProcessStreams {
  const { guest } = run;
  const attachment = guest.attach({ processId, acknowledges: true });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const closing = new AbortController();
  const seen = { stdout: 0, stderr: 0 };
  const copy = async (): Promise<ProcessExit> => {
    try {
      for await (const event of attachment) {
        if (event.kind === 'exit') return { exitCode: event.code, ...(event.oomKilled && { oomKilled: true }) };
        if (!closing.signal.aborted) await writeTo(event.stream === 'stderr' ? stderr : stdout, event.data);
        seen[event.stream] = event.offset + event.data.length;
        attachment.acknowledge(seen.stdout, seen.stderr);
      }
      throw new BerthError('GuestFailed', 'The connection to the container ended before the process did.');
    } finally {
      stdout.end();
      stderr.end();
    }
  };
  let ended = false;
  const exit = run.explained(copy()).finally(() => { ended = true; }).then(async (status) => {
    await guest.release(processId).catch(() => undefined); // The VM may be gone; then there is nothing to release.
    return status;
  });
  return {
    stdin: inputOf(attachment),
    stdout,
    stderr,
    exit: handled(exit),
    resize: ({ columns, rows }) => attachment.resize(columns, rows),
    close: () => {
      if (hangUp && !ended && !closing.signal.aborted) void guest.signal(processId, constants.signals.SIGHUP).catch(() => undefined); // It may end in this moment.
      closing.abort();
      stdout.destroy();
      stderr.destroy();
    },
  };
}

/** What is written after the process has ended goes nowhere, as in a pipe that nobody reads; that is no error here. */
function inputOf(attachment: ProcessAttachment): Writable {
  const ignoreEnd = (): undefined => undefined;
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => void attachment.write(chunk).catch(ignoreEnd).then(() => done()),
    final: (done) => void attachment.closeInput().catch(ignoreEnd).then(() => done()),
  });
}

async function exitOf(copied: Promise<void>, settled: Promise<RunEnd>): Promise<ProcessExit> {
  const [end] = await Promise.all([settled, copied]);
  if ('error' in end) throw end.error;
  return end;
}

/** Waits while the reader has enough; a reader that has gone ends the wait, whether it said so or only let go of the stream. */
export function writeTo(stream: PassThrough, data: Uint8Array): Promise<void> {
  if (stream.destroyed || stream.write(data)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

/** A caller may look at the exit late or never; a failure must not end the host for that. */
export function handled<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined);
  return promise;
}
