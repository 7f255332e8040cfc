import { AbstractMessageReader, AbstractMessageWriter } from 'vscode-jsonrpc';
import type { DataCallback, Disposable, Message, MessageReader, MessageWriter } from 'vscode-jsonrpc';
import type { RawData, WebSocket } from 'ws';
import { CloseCode } from './closeCode.ts';

/*
 * JSON-RPC over a WebSocket, the same on both ends: one JSON-RPC message per text message.
 *
 *   WebSocket text message:  {"jsonrpc":"2.0","id":1,"method":"image/list"}
 */

/** Largest JSON-RPC message that the host takes; a socket that brings a larger one is closed (RFC 6455, 1009). */
export const maxRpcMessageBytes = 4 * 1024 * 1024;

/** Only what a reader or writer needs of a socket, so that both `ws` sides fit. */
type Socket = Pick<WebSocket, 'on' | 'off' | 'send' | 'close' | 'readyState' | 'OPEN' | 'CONNECTING'>;

/** Reads JSON-RPC messages from a WebSocket. What is not a JSON object in a text message closes the socket. */
export class WebSocketMessageReader extends AbstractMessageReader implements MessageReader {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('error', (error: Error) => this.fireError(error));
    socket.on('close', () => this.fireClose());
  }

  override listen(callback: DataCallback): Disposable {
    const onMessage = (data: RawData, isBinary: boolean): void => this.#receive(data, isBinary, callback);
    this.#socket.on('message', onMessage);
    if (this.#socket.readyState > this.#socket.OPEN) queueMicrotask(() => this.fireClose());
    return { dispose: () => this.#socket.off('message', onMessage) };
  }

  #receive(data: RawData, isBinary: boolean, callback: DataCallback): void {
    if (isBinary) return this.#refuse(CloseCode.unsupportedData, 'JSON-RPC messages are text messages.');
    let message: unknown;
    try {
      message = JSON.parse((data as Buffer).toString('utf8'));
    } catch (error) {
      this.fireError(error);
      return this.#refuse(CloseCode.invalidData, 'The message is not JSON.');
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      return this.#refuse(CloseCode.invalidData, 'The message is not a JSON-RPC object.');
    }
    try {
      callback(message as Message);
    } catch (error) {
      // vscode-jsonrpc throws on some messages that only look like JSON-RPC, such as a cancellation without params.
      this.fireError(error);
      this.#refuse(CloseCode.invalidData, 'The message is not JSON-RPC.');
    }
  }

  #refuse(code: number, reason: string): void {
    this.fireError(new Error(reason));
    this.#socket.close(code, reason);
  }
}

/** Writes JSON-RPC messages to a WebSocket. */
export class WebSocketMessageWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('close', () => this.fireClose());
  }

  /** Settles when the message has been handed to the operating system. */
  write(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  end(): void {
    this.#socket.close(CloseCode.normal);
  }
}
