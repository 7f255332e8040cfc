import type { ConnectOptions, HostConnection } from '../client/connect.ts';
import type { HostStream } from '../client/hostStreams.ts';
import { openStreamAlone } from '../client/openStream.ts';
import { BerthError } from '../protocol/errors.ts';
import { BerthPaths } from '../protocol/paths.ts';
import { Exit, ExitStatus, Interrupted } from './cliError.ts';
import type { Format } from './options.ts';
import { formatJson } from './output.ts';

/** Connects, and closes the connection afterwards. The client is loaded only now: most of the start's time is there. */
export async function withClient<T>(use: (client: HostConnection) => Promise<T>, options: ConnectOptions = {}): Promise<T> {
  const { connect } = await import('../client/connect.ts');
  const client = await connect(options);
  client.onMessage(warn);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** Opens one byte stream, without the client that {@link withClient} loads; what the host has to say is shown. */
export async function openAlone(path: string, request?: object): Promise<HostStream> {
  const stream = await openStreamAlone(new BerthPaths(), path, request && Buffer.from(JSON.stringify(request)));
  stream.onNotice(warn);
  return stream;
}

function warn(message: string): void {
  process.stderr.write(`${process.stderr.isTTY ? wipeLine : ''}Warning: ${message}${newLine()}`);
}

/** The terminal may show a line of progress, which goes on below. */
const wipeLine = '\r\u001b[K';

/** A terminal in raw mode does not return by itself. */
function newLine(): string {
  return process.stdin.isTTY && process.stdin.isRaw ? '\r\n' : '\n';
}

/**
 * Runs something that SIGINT and SIGTERM cancel, with {@link Interrupted} as the reason; a second one ends the program at
 * once. `handOver` ends that early, for whoever listens to the signals itself from then on: there is no moment in which
 * nobody does.
 */
export async function cancellable<T>(use: (signal: AbortSignal, handOver: () => void) => Promise<T>): Promise<T> {
  const cancellation = new AbortController();
  const cancel = (signal: NodeJS.Signals): void => {
    const interrupted = new Interrupted(signal);
    if (cancellation.signal.aborted) process.exit(interrupted.status);
    cancellation.abort(interrupted);
  };
  const handOver = (): void => {
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  try {
    return await use(cancellation.signal, handOver);
  } catch (error) {
    if (cancellation.signal.aborted && error instanceof BerthError && error.code === 'Cancelled') throw cancellation.signal.reason;
    throw error;
  } finally {
    handOver();
  }
}

/**
 * Does the same for each name; prints those that went well, tells what went wrong, and fails if anything did that
 * `harmless` does not pardon.
 */
export async function forEachName(names: readonly string[], act: (name: string) => Promise<unknown>, printName = true, harmless: (error: BerthError) => boolean = () => false): Promise<void> {
  let failed = false;
  for (const name of names) {
    try {
      await act(name);
      if (printName) print(`${name}\n`);
    } catch (error) {
      const thrown = BerthError.from(error);
      // Without a host nothing else can go well, and after Ctrl-C nothing else is wanted.
      if (thrown.code === 'HostUnreachable' || thrown.code === 'VersionMismatch' || thrown.code === 'Cancelled') throw thrown;
      if (!harmless(thrown)) failed = true;
      complainOf(thrown);
    }
  }
  if (failed) throw new Exit(ExitStatus.failure);
}

export function print(text: string): void {
  process.stdout.write(text);
}

/** Messages for the user; standard output is for results. */
export function complain(message: string): void {
  process.stderr.write(`Error: ${message}\n`);
}

const shownConsoleLines = 12;

/** What went wrong, and the last that a virtual machine printed when it was that which failed. */
export function complainOf({ message, data }: BerthError): void {
  complain(message);
  const console = data?.['console'];
  if (typeof console !== 'string' || console === '') return;
  process.stderr.write(`The last lines of its console:\n${console.split('\n').slice(-shownConsoleLines).map((line) => `  ${line}\n`).join('')}`);
}

/** Prints a list as JSON, as bare names, or as a table. */
export function printList<T>(items: readonly T[], options: { readonly format: Format; readonly quiet?: boolean }, name: (item: T) => string, table: () => string): void {
  if (options.quiet) print(items.map((item) => `${name(item)}\n`).join(''));
  else print(options.format === 'json' ? formatJson(items) : table());
}
