import type { HostStream } from '../client/hostStreams.ts';
import { BerthError } from '../protocol/errors.ts';
import { complain } from './cliContext.ts';
import { Exit, ExitStatus, Interrupted } from './cliError.ts';
import type { DetachKeys } from './detachKeys.ts';
import { RawMode, terminalSize } from './terminal.ts';

export interface AttachOptions {
  /** The process has a pseudo-terminal: keys go to it raw, its window follows ours. */
  readonly terminal: boolean;
  /** Pass on our standard input. */
  readonly stdin: boolean;
  /** Settles when the process runs; until then Ctrl-C is ours. */
  readonly started: Promise<void>;
  /** Passes a signal on to the process; without it signals end us alone. */
  readonly sendSignal?: (signal: NodeJS.Signals) => Promise<void>;
  /** Keys that leave the process; undefined when it cannot be left. */
  readonly detachKeys: DetachKeys | undefined;
}

/** The user left with the keys for that. */
export const detached = Symbol('detached');

/** Of a process that SIGKILL ended. */
const killedStatus = 137;
/** Docker gives up after as many, so that nobody is stuck with a process that ignores them. */
const maxSignals = 3;
const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * Joins our terminal or pipes to a process until it has ended, and returns its status; the terminal is always put back.
 * @throws Interrupted by a signal before the start; BerthError from the stream.
 */
export async function attachProcess(stream: HostStream, options: AttachOptions): Promise<number | undefined | typeof detached> {
  const cleanups: (() => void)[] = [];
  let outOfMemory: string | undefined;
  try {
    joinOutput(stream, options, cleanups);
    return await Promise.race([
      stream.status.then(async ({ exitCode, oomKilled }) => {
        await Promise.all([finished(stream.stdout), finished(stream.stderr)]);
        if (oomKilled) outOfMemory = `${exitCode === killedStatus ? 'The process' : 'A process in the container'} was killed because memory ran out. Give the container more with --memory.`;
        return exitCode;
      }),
      joinSignals(options, cleanups),
      ...(options.stdin ? [joinInput(stream, options, cleanups)] : []),
      ...(options.terminal ? [joinWindow(stream, options, cleanups)] : []),
    ]);
  } finally {
    for (const cleanup of cleanups.reverse()) cleanup();
    stream.close();
    if (outOfMemory) complain(outOfMemory);
  }
}

/** Waits until everything was handed to our own output. */
function finished(readable: NodeJS.ReadableStream & { readableEnded?: boolean }): Promise<void> {
  return new Promise((resolve) => {
    if (readable.readableEnded) resolve();
    else readable.once('end', resolve);
  });
}

/**
 * What goes wrong with our own output ends the program (program.ts). A terminal shows nothing before it is raw: keys that
 * answer what it shows would be treated as a line is, and Ctrl-Q be lost.
 */
function joinOutput(stream: HostStream, { terminal, started }: AttachOptions, cleanups: (() => void)[]): void {
  let left = false;
  const join = (): void => {
    for (const [source, target] of [[stream.stdout, process.stdout], [stream.stderr, process.stderr]] as const) {
      if (left) return;
      source.pipe(target, { end: false });
      cleanups.push(() => source.unpipe(target));
    }
  };
  cleanups.push(() => { left = true; });
  // It begins to flow in a later turn than the one in which the terminal becomes raw.
  if (terminal) started.then(join, () => undefined);
  else join();
}

/** Settles when the user detaches. */
function joinInput(stream: HostStream, options: AttachOptions, cleanups: (() => void)[]): Promise<typeof detached> {
  const { stdin } = process;
  // The process has closed its input; it will end by itself or go on without.
  stream.stdin.on('error', () => undefined);
  cleanups.push(() => {
    stdin.unpipe(stream.stdin);
    stdin.pause();
  });
  if (!options.terminal || !stdin.isTTY) {
    stdin.pipe(stream.stdin);
    return new Promise((_resolve, reject) => stdin.once('error', reject));
  }
  return new Promise((resolve, reject) => {
    let left = false;
    cleanups.push(() => { left = true; });
    options.started.then(() => {
      if (!left) joinTerminal(stream, options, cleanups, () => resolve(detached));
    }).catch(reject);
  });
}

function joinTerminal(stream: HostStream, options: AttachOptions, cleanups: (() => void)[], onDetach: () => void): void {
  const raw = new RawMode(process.stdin);
  const onTyped = (typed: Buffer): void => {
    const { data, detach } = options.detachKeys?.filter(typed) ?? { data: typed, detach: false };
    if (data.length > 0 && !stream.stdin.write(data)) {
      process.stdin.pause();
      stream.stdin.once('drain', () => process.stdin.resume());
    }
    if (detach) onDetach();
  };
  cleanups.push(() => {
    process.stdin.off('data', onTyped);
    raw.restore();
  });
  // When the terminal is hung up, SIGHUP says so, too; reading from it only fails (EIO).
  process.stdin.on('error', () => stream.stdin.end());
  raw.enter();
  process.stdin.on('data', onTyped);
  process.stdin.once('end', () => stream.stdin.end());
}

/** Keeps the process's window as large as ours; never settles. */
function joinWindow(stream: HostStream, options: AttachOptions, cleanups: (() => void)[]): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onResize = (): void => {
      const size = terminalSize(process.stdout);
      if (size) stream.resize(size);
    };
    cleanups.push(() => process.stdout.off('resize', onResize));
    process.stdout.on('resize', onResize);
    // It may have changed since we asked for the process.
    options.started.then(onResize, reject);
  });
}

/** Settles only when a signal is for us: before the start, without anyone to send it to, or for the third time. */
function joinSignals(options: AttachOptions, cleanups: (() => void)[]): Promise<never> {
  return new Promise((_resolve, reject) => {
    const unlessEnded = (error: unknown): void => {
      if (!hasEnded(error)) reject(error);
    };
    let running = false;
    let interrupts = 0;
    options.started.then(() => { running = true; }, () => undefined);
    for (const signal of forwardedSignals) {
      const onSignal = (): void => {
        if (!running || !options.sendSignal) return reject(new Interrupted(signal));
        if (signal === 'SIGINT' || signal === 'SIGTERM') interrupts += 1;
        if (interrupts >= maxSignals) return reject(new Exit(ExitStatus.failure, `Got ${maxSignals} signals; the container goes on without us.`));
        options.sendSignal(signal).catch(unlessEnded);
      };
      process.on(signal, onSignal);
      cleanups.push(() => process.off(signal, onSignal));
    }
  });
}

/** The process has ended before the signal came; its stream tells how. */
function hasEnded(error: unknown): boolean {
  return error instanceof BerthError && (error.code === 'ContainerNotRunning' || error.code === 'ContainerNotFound');
}
