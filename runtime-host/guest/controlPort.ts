import { randomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { BerthError } from '../protocol/errors.ts';

/*
 * The control port knows no connections, only bytes: what an earlier host left under way may come before what is meant
 * for us. So each connection begins with marks (guest/vminitd/internal/control/resync.go):
 *
 *   host → guest   +--------------+-------+          guest → host   +-------------+-------+
 *                  | request mark | nonce |                         | answer mark | nonce |      then HTTP/2
 *                  | 16 bytes     | 16    |                         | 16 bytes    | 16    |
 *                  +--------------+-------+                         +-------------+-------+
 *
 * We drop what comes before the answer with our nonce. The marks are written inverted in the source, so that a copy of
 * this program that travels over the port does not look like one.
 */
const requestMark = invert('6d1af3528e07c9b435da912c7fe840a6');
const answerMark = invert('935e0bc721f864ad1f70b249d5863aec');
const nonceLength = 16;

/**
 * Connects to the host's end of the control port and waits until the guest answers, which is also how a guest that is
 * still booting is waited for. What comes after the answer is left in the socket to be read.
 * @throws BerthError GuestFailed when the port closes first; the signal's reason when it fires
 */
export function openControlPort(path: string, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const nonce = randomBytes(nonceLength);
    const finder = new MarkFinder(Buffer.concat([answerMark, nonce]));
    const end = (error?: unknown): void => {
      socket.off('data', onData);
      socket.off('error', onError);
      socket.off('close', onClose);
      signal?.removeEventListener('abort', onAbort);
      if (error === undefined) return;
      socket.on('error', () => undefined); // Of no interest any more; whoever asked has been told why.
      socket.destroy();
      reject(error);
    };
    const onData = (data: Buffer): void => {
      const rest = finder.find(data);
      if (!rest) return;
      end();
      socket.pause();
      if (rest.length > 0) socket.unshift(rest);
      resolve(socket);
    };
    const onError = (error: Error): void => end(new BerthError('GuestFailed', 'The virtual machine’s control port cannot be reached.', { cause: error }));
    const onClose = (): void => end(new BerthError('GuestFailed', 'The virtual machine closed its control port.'));
    const onAbort = (): void => end(signal?.reason);
    socket.on('data', onData);
    socket.on('error', onError);
    socket.on('close', onClose);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.write(Buffer.concat([requestMark, nonce]));
    if (signal?.aborted) onAbort();
  });
}

/** Looks for a byte sequence in a stream that comes in pieces. */
export class MarkFinder {
  readonly #mark: Buffer;
  #seen: Buffer = Buffer.alloc(0);

  constructor(mark: Buffer) {
    this.#mark = mark;
  }

  /** What comes after the mark in what was given so far; undefined until it is found. */
  find(piece: Buffer): Buffer | undefined {
    const joined = Buffer.concat([this.#seen, piece]);
    const at = joined.indexOf(this.#mark);
    if (at >= 0) return joined.subarray(at + this.#mark.length);
    this.#seen = joined.subarray(Math.max(0, joined.length - (this.#mark.length - 1)));
    return undefined;
  }
}

function invert(hexadecimal: string): Buffer {
  return Buffer.from(hexadecimal, 'hex').map((byte) => ~byte & 0xff) as Buffer;
}
