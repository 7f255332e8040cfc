import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { CloseCode } from '../protocol/closeCode.ts';
import { BerthError } from '../protocol/errors.ts';
import { Channel, decodeFrame, encodeFrame } from '../protocol/streams.ts';
import type { StreamStatus } from '../protocol/streams.ts';
import type { TerminalSize } from '../protocol/types.ts';
import { invalid, integer, object } from './validate.ts';

/** Largest payload of one frame that we send. */
export const maxChunkBytes = 64 * 1024;
/** The source of a stream waits while more than this is on its way to the client. */
const maxUnsentBytes = 1024 * 1024;
/** Input that came before the process was there; the client waits beyond this. */
const maxEarlyInputBytes = 256 * 1024;
/** Nothing is read from a client that waits for its process, so only writing tells that it has gone. */
const pingMilliseconds = 2000;

const resizeMessage = object({ Width: integer(1, 65_535), Height: integer(1, 65_535) });

/** Where input goes: a process, or nowhere for a log. */
export interface InputTarget {
  readonly stdin: Writable;
  resize(size: TerminalSize): void;
}

/**
 * The host's end of a byte stream (protocol/streams.ts): frames with back-pressure both ways, a status at the end.
 * `signal` aborts when the client is gone or broke the rules.
 */
export class ByteStream {
  readonly signal: AbortSignal;
  readonly #socket: WebSocket;
  readonly #gone = new AbortController();
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #target: InputTarget | undefined;
  #inputEnded = false;
  #pings: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.signal = this.#gone.signal;
    socket.on('message', (data: RawData, isBinary: boolean) => this.#receive(data as Buffer, isBinary));
    // What fails also closes.
    socket.on('error', () => this.#gone.abort());
    socket.on('close', () => {
      clearInterval(this.#pings);
      this.#gone.abort();
    });
  }

  /** The request that the client begins with. @throws BerthError InvalidArgument; the signal's reason */
  async request(): Promise<unknown> {
    if (this.#early.length === 0) await once(this.#socket, 'message', { signal: this.signal });
    const frame = decodeFrame(this.#early.shift() ?? Buffer.alloc(0));
    if (frame?.channel !== Channel.request) return invalid('request', 'the first message');
    this.#earlyBytes -= frame.payload.length + 1;
    return parseJson('request', frame.payload);
  }

  /** Tells the client's user something; a client that reads nothing is not told. */
  notice(message: string): void {
    if (this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount < maxUnsentBytes) this.#socket.send(encodeFrame(Channel.notice, Buffer.from(message)), ignoreFailure);
  }

  /** Lets input through to the process, beginning with what came early. */
  connectInput(target: InputTarget): void {
    this.#target = target;
    // The process has closed its input: what comes further is dropped, as a closed pipe would.
    for (const event of ['error', 'drain', 'close']) target.stdin.on(event, () => this.#resume());
    const early = this.#early;
    this.#early = [];
    this.#resume();
    for (const frame of early) this.#deliver(frame);
  }

  /** Sends a source to its end. Rejects when the source fails or the client is gone. */
  async pump(channel: typeof Channel.stdout | typeof Channel.stderr, source: Readable | AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of source as AsyncIterable<Uint8Array>) await this.send(channel, chunk);
  }

  /** Settles when there is room for more. */
  async send(channel: typeof Channel.stdout | typeof Channel.stderr, data: Uint8Array): Promise<void> {
    for (let offset = 0; offset < data.length; offset += maxChunkBytes) {
      this.signal.throwIfAborted();
      const frame = encodeFrame(channel, data.subarray(offset, offset + maxChunkBytes));
      if (this.#socket.bufferedAmount < maxUnsentBytes) this.#socket.send(frame, ignoreFailure);
      else await this.#sendAndWait(frame);
    }
  }

  /** Sends the status and closes, once everything has gone out. */
  async finish(status: StreamStatus): Promise<void> {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    await this.#sendAndWait(encodeFrame(Channel.status, Buffer.from(JSON.stringify(status)))).catch(ignoreFailure);
    this.#resume();
    this.#socket.close(CloseCode.normal);
  }

  #sendAndWait(frame: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(frame, (error) => (error ? reject(error) : resolve()));
    });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!isBinary) return this.#refuse('Only binary messages belong here.');
    if (this.#target) return this.#deliver(data);
    this.#early.push(data);
    this.#earlyBytes += data.length;
    if (this.#earlyBytes > maxEarlyInputBytes) this.#pause();
  }

  #pause(): void {
    this.#socket.pause();
    this.#pings ??= setInterval(() => this.#socket.ping(undefined, undefined, ignoreFailure), pingMilliseconds).unref();
  }

  #resume(): void {
    clearInterval(this.#pings);
    this.#pings = undefined;
    this.#socket.resume();
  }

  #deliver(data: Buffer): void {
    const frame = decodeFrame(data);
    const target = this.#target;
    if (!frame || !target) return this.#refuse('The message names no channel.');
    try {
      if (frame.channel === Channel.stdin) this.#input(target.stdin, frame.payload);
      else if (frame.channel === Channel.resize) target.resize(parseResize(frame.payload));
      else if (frame.channel === Channel.close && frame.payload.length === 1 && frame.payload[0] === Channel.stdin) this.#endInput(target.stdin);
      else this.#refuse(`A client sends nothing on channel ${frame.channel}, and closes nothing but standard input.`);
    } catch (error) {
      this.#refuse(BerthError.from(error).message);
    }
  }

  #input(stdin: Writable, payload: Uint8Array): void {
    if (this.#inputEnded) return this.#refuse('Standard input was closed before.');
    if (!stdin.writable) return;
    if (!stdin.write(payload)) this.#pause();
  }

  #endInput(stdin: Writable): void {
    this.#inputEnded = true;
    if (stdin.writable) stdin.end();
  }

  #refuse(reason: string): void {
    this.#socket.close(CloseCode.policyViolation, reason.slice(0, 120));
    this.#gone.abort();
  }
}

function parseResize(payload: Uint8Array): TerminalSize {
  const { Width, Height } = resizeMessage(parseJson('resize', payload), '');
  return { columns: Width, rows: Height };
}

function parseJson(name: string, payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    // The reason is sent to the client; there is nothing more to tell.
    return invalid(name, 'JSON');
  }
}

/** A send that fails closes the socket, which is noticed there. */
function ignoreFailure(): void {
  // Nothing to do.
}
