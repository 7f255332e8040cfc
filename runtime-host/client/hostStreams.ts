import { Readable, Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { CloseCode } from '../protocol/closeCode.ts';
import { BerthError, isErrorPayload } from '../protocol/errors.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import { Channel, decodeFrame, encodeFrame } from '../protocol/streams.ts';
import type { ResizeMessage, StreamStatus } from '../protocol/streams.ts';
import type { TerminalSize } from '../protocol/types.ts';
import { connectionLost } from './connectionLost.ts';

/** Largest payload of one frame; a longer write is cut. */
const maxChunkBytes = 64 * 1024;

/** How a process ended; without a status for a log. */
export type ProcessStatus = Omit<StreamStatus, 'error'>;

/**
 * The client's end of a byte stream (protocol/streams.ts): a process's input and output, or a container's log.
 *
 * Both outputs share one connection: whoever does not want one of them must still drain it (`stderr.resume()`), or the
 * other stops too. Back-pressure works both ways.
 */
export class HostStream {
  /** Goes to the process; `end()` closes its standard input. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Settles with the process's exit status (no `exitCode` for a log) once everything has arrived.
   * @throws BerthError what the host reported, or HostUnreachable when the connection was lost first.
   */
  readonly status: Promise<ProcessStatus>;

  readonly #socket: WebSocket;
  readonly #waiting = new Set<Readable>();
  #onNotice: (message: string) => void = () => undefined;
  #settle: { resolve(status: ProcessStatus): void; reject(error: BerthError): void } | undefined;

  /** Takes over an open socket; {@link close} or the end of the stream closes it. */
  constructor(socket: WebSocket, paths: BerthPaths) {
    this.#socket = socket;
    this.status = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever does not ask for the status does not care for its failure either.
    this.status.catch(() => undefined);
    this.stdin = this.#createInput();
    this.stdout = this.#createOutput();
    this.stderr = this.#createOutput();
    socket.on('message', (data: RawData, isBinary: boolean) => this.#receive(data as Buffer, isBinary));
    // A failed socket also closes; the close event settles.
    let failure: unknown;
    socket.on('error', (error) => { failure = error; });
    socket.on('close', () => this.#end(connectionLost(paths, failure)));
  }

  /** Calls the listener with every sentence for the user, on a stream that was opened with `notices`. */
  onNotice(listener: (message: string) => void): void {
    this.#onNotice = listener;
  }

  /** Input that nobody reads any more (the process has ended) is dropped, as a closed pipe's would be. */
  send(channel: Channel, payload: Uint8Array, done: () => void = () => undefined): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return done();
    this.#socket.send(encodeFrame(channel, payload), () => done());
  }

  resize(size: TerminalSize): void {
    const message: ResizeMessage = { Width: size.columns, Height: size.rows };
    this.send(Channel.resize, Buffer.from(JSON.stringify(message)));
  }

  /** Stops watching; the process goes on. `status` rejects with `Cancelled` unless it is settled. */
  close(): void {
    this.#end(new BerthError('Cancelled', 'The stream was closed.'));
    this.#socket.resume();
    this.#socket.close(CloseCode.normal);
  }

  #createInput(): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        for (let offset = 0; offset < chunk.length; offset += maxChunkBytes) {
          const last = offset + maxChunkBytes >= chunk.length;
          this.send(Channel.stdin, chunk.subarray(offset, offset + maxChunkBytes), last ? done : undefined);
        }
        if (chunk.length === 0) done();
      },
      final: (done) => this.send(Channel.close, Buffer.of(Channel.stdin), done),
    });
  }

  #createOutput(): Readable {
    const output: Readable = new Readable({
      highWaterMark: 256 * 1024,
      read: () => {
        if (this.#waiting.delete(output) && this.#waiting.size === 0) this.#socket.resume();
      },
    });
    return output;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!this.#settle) return; // It has ended; what was on its way still arrives.
    const frame = isBinary ? decodeFrame(data) : undefined;
    if (frame?.channel === Channel.stdout) return this.#push(this.stdout, frame.payload);
    if (frame?.channel === Channel.stderr) return this.#push(this.stderr, frame.payload);
    if (frame?.channel === Channel.notice) return this.#onNotice(Buffer.from(frame.payload).toString('utf8'));
    if (frame?.channel === Channel.status) return this.#end(parseStatus(frame.payload));
    this.#end(new BerthError('Internal', 'The runtime host sent something that is no part of a stream.'));
    this.#socket.close(CloseCode.policyViolation);
  }

  #push(output: Readable, payload: Uint8Array): void {
    if (payload.length === 0 || output.readableEnded || output.destroyed || output.push(payload)) return;
    this.#waiting.add(output);
    this.#socket.pause();
  }

  /** Ends both outputs and settles the status, once. */
  #end(status: BerthError | ProcessStatus): void {
    const settle = this.#settle;
    if (!settle) return;
    this.#settle = undefined;
    this.#waiting.clear();
    this.stdout.push(null);
    this.stderr.push(null);
    if (status instanceof BerthError) settle.reject(status);
    else settle.resolve(status);
    this.#socket.resume();
  }
}

function parseStatus(payload: Uint8Array): BerthError | ProcessStatus {
  try {
    const status = JSON.parse(Buffer.from(payload).toString('utf8')) as StreamStatus;
    if (isErrorPayload(status.error)) return BerthError.fromPayload(status.error);
    return typeof status.exitCode === 'number' ? { exitCode: status.exitCode, ...(status.oomKilled === true && { oomKilled: true }) } : {};
  } catch (error) {
    return new BerthError('Internal', 'The runtime host sent a status that is not JSON.', { cause: error });
  }
}
