import { Duplex } from 'node:stream';
import { Code, ConnectError, type Client } from '@connectrpc/connect';
import { BerthError } from '../protocol/errors.ts';
import type { Guest } from './gen/guest_pb.js';
import { guestError } from './guestErrors.ts';

/** A unix socket in the container's file system, or a TCP port of its loopback addresses. */
export type GuestAddress = { readonly unixPath: string } | { readonly tcpPort: number };

/** What of the connection to the guest a call needs. */
export interface GuestCalls {
  readonly client: Client<typeof Guest>;
  readonly connected: () => boolean;
}

/** Messages stay this small, so that others of the same connection get their turn. */
const pieceBytes = 64 * 1024;

export type Outgoing = { readonly case: 'data'; readonly value: Uint8Array } | { readonly case: 'closeWrite'; readonly value: true };
export type Opening = { readonly case: 'start'; readonly value: object } | { readonly case: 'connectionId'; readonly value: bigint };
interface Answer {
  readonly data: Uint8Array;
  readonly closeWrite: boolean;
  /** Only of a directory; emitted as an event. */
  readonly mounted?: boolean;
}

type Incoming = AsyncIterable<Answer>;
export type Call = (requests: AsyncIterable<{ message: Opening | Outgoing }>, signal: AbortSignal) => Incoming;

/**
 * Connects to a socket in the container. Either side may end first (the stream allows half-open); destroying it makes the
 * other side see the connection torn off.
 * @throws BerthError PathNotFound when there is no such unix socket, NetworkFailed when nobody listens; GuestFailed; the
 *   signal's reason, which only gives up connecting
 */
export function dialGuest({ client, connected }: GuestCalls, address: GuestAddress, signal?: AbortSignal): Promise<Duplex> {
  const target = 'unixPath' in address ? { case: 'unixPath', value: address.unixPath } : { case: 'tcpPort', value: address.tcpPort };
  const call = ((requests, options) => client.dial(requests as never, { signal: options })) satisfies Call;
  return new GuestSocket(call, { case: 'start', value: { target } }, connected, describe(address)).opened(signal);
}

/** Takes a connection that a listening socket in the container has announced. @throws as {@link dialGuest} */
export function acceptGuestSocket({ client, connected }: GuestCalls, path: string, connectionId: bigint): Promise<Duplex> {
  const call = ((requests, signal) => client.acceptSocket(requests as never, { signal })) satisfies Call;
  return new GuestSocket(call, { case: 'connectionId', value: connectionId }, connected, `the container’s socket ${path}`).opened();
}

function describe(address: GuestAddress): string {
  return 'unixPath' in address ? `the container’s socket ${address.unixPath}` : `the container’s port ${address.tcpPort}`;
}

/** One call that carries a connection. */
export class GuestSocket extends Duplex {
  readonly #abort = new AbortController();
  readonly #responses: AsyncIterator<Answer>;
  readonly #connected: () => boolean;
  readonly #name: string;
  #outgoing: { readonly message: Outgoing; readonly taken: (error?: Error) => void } | undefined;
  #wake: (() => void) | undefined;
  #wanted: (() => void) | undefined;
  #isOver = false;

  constructor(call: Call, opening: Opening, connected: () => boolean, name: string) {
    super({ allowHalfOpen: true });
    this.#connected = connected;
    this.#name = name;
    this.#responses = call(this.#requests(opening), this.#abort.signal)[Symbol.asyncIterator]();
  }

  /** Itself, once the guest has connected. */
  async opened(signal?: AbortSignal): Promise<this> {
    const giveUp = (): void => this.#abort.abort();
    signal?.addEventListener('abort', giveUp, { once: true });
    if (signal?.aborted) giveUp();
    try {
      if ((await this.#responses.next()).done) throw closed(this.#name);
    } catch (error) {
      this.on('error', () => undefined); // Whoever waits for it is told.
      this.destroy();
      throw this.#explain(error, signal);
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
    void this.#receive();
    return this;
  }

  override _read(): void {
    this.#wanted?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, taken: (error?: Error | null) => void): void {
    const send = (at: number): void => {
      const value = chunk.subarray(at, at + pieceBytes);
      this.#send({ case: 'data', value }, (error) => (error ?? at + pieceBytes >= chunk.length ? taken(error) : send(at + pieceBytes)));
    };
    send(0);
  }

  override _final(taken: (error?: Error | null) => void): void {
    if (this.#isOver) taken(); // Nobody reads any more, and nothing is lost.
    else this.#send({ case: 'closeWrite', value: true }, taken);
  }

  /** After an orderly end the call goes on to its own end: what was written is still on its way. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error ?? !(this.writableFinished && this.readableEnded)) {
      this.#isOver = true;
      this.#abort.abort();
    }
    this.#wake?.();
    this.#wanted?.();
    done(error);
  }

  #send(message: Outgoing, taken: (error?: Error) => void): void {
    if (this.#isOver) {
      taken(closed(this.#name));
      return;
    }
    this.#outgoing = { message, taken };
    this.#wake?.();
  }

  /** Asked for the next message only when the one before has been sent: that is what slows a fast writer down. */
  async *#requests(opening: Opening): AsyncGenerator<{ message: Opening | Outgoing }> {
    yield { message: opening };
    while (!this.#isOver) {
      const next = this.#outgoing;
      if (next) {
        this.#outgoing = undefined;
        yield { message: next.message };
        next.taken();
        if (next.message.case === 'closeWrite') return;
      } else {
        await new Promise<void>((wake) => (this.#wake = wake));
      }
    }
  }

  async #receive(): Promise<void> {
    try {
      for (let next = await this.#responses.next(); !next.done; next = await this.#responses.next()) {
        const { data, closeWrite, mounted } = next.value;
        if (mounted) this.emit('mounted');
        if (closeWrite) this.push(null);
        else if (data.length === 0) continue;
        else if (!this.push(data) && !this.destroyed) await new Promise<void>((wanted) => (this.#wanted = wanted));
      }
      this.#end();
    } catch (error) {
      this.#end(this.#explain(error));
    }
  }

  /** Nothing is sent or received any more. */
  #end(error?: BerthError): void {
    this.#isOver = true;
    this.#wake?.();
    const outgoing = this.#outgoing;
    this.#outgoing = undefined;
    if (error) this.destroy(error);
    else if (!this.readableEnded) this.push(null);
    outgoing?.taken(error ?? (outgoing.message.case === 'data' ? closed(this.#name) : undefined));
  }

  #explain(thrown: unknown, signal?: AbortSignal): BerthError {
    if (thrown instanceof ConnectError && !signal?.aborted && this.#connected()) {
      if (thrown.code === Code.NotFound) return new BerthError('PathNotFound', `There is no socket: ${this.#name}.`, { cause: thrown });
      if (thrown.code === Code.Unavailable) return new BerthError('NetworkFailed', `Nobody listens at ${this.#name}.`, { cause: thrown });
      if (thrown.code === Code.Aborted) return closed(this.#name);
    }
    return guestError(thrown, this.#connected(), signal);
  }
}

function closed(name: string): BerthError {
  return new BerthError('NetworkFailed', `The connection with ${name} was ended by the other side.`);
}
