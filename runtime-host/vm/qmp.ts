import { createConnection, type Socket } from 'node:net';
import { BerthError } from '../protocol/errors.ts';

/*
 * QMP, QEMU's control protocol (docs/interop/qmp-spec): JSON objects, one per line.
 *
 *   QEMU  {"QMP": {"version": …, "capabilities": […]}}              greeting, once per connection
 *   us    {"execute": "qmp_capabilities", "id": 1}                  leaves the negotiation mode
 *   us    {"execute": NAME, "arguments": {…}, "id": N}
 *   QEMU  {"return": {…}, "id": N}  or  {"error": {"class", "desc"}, "id": N}
 *   QEMU  {"event": NAME, "data": {…}, "timestamp": {…}}            at any time
 */

/** Longest line that is believed; QEMU's answers to what we ask are far shorter. */
const maximumLineLength = 1024 * 1024;

export interface QmpEvent {
  readonly name: string;
  readonly data: unknown;
}

interface PendingCommand {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: BerthError) => void;
}

/** One connection to a QMP socket. QEMU serves one client at a time; others wait until it has gone. */
export class QmpClient {
  /** Settles when the connection has ended, for whatever reason. Never rejects. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #pending = new Map<number, PendingCommand>();
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  #received = '';
  #nextId = 1;
  #failure: BerthError | undefined;
  #greeted: { resolve: () => void; reject: (error: BerthError) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#onText(text));
    socket.on('error', (error) => this.#fail('The connection to QEMU failed.', error));
    socket.on('close', () => {
      this.#fail('QEMU closed its control connection.');
      resolve();
    });
  }

  /**
   * Connects, waits for the greeting and leaves the negotiation mode.
   * @throws BerthError VmFailed when nothing listens, what listens does not speak QMP, or it does not answer in time.
   */
  static async connect(path: string, limitMilliseconds = 10_000): Promise<QmpClient> {
    const client = new QmpClient(createConnection(path));
    const limit = setTimeout(() => client.#refuse('no answer'), limitMilliseconds);
    try {
      await new Promise<void>((resolve, reject) => {
        client.#greeted = { resolve, reject };
        if (client.#failure) reject(client.#failure);
      });
      await client.execute('qmp_capabilities');
      return client;
    } catch (error) {
      client.close();
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  /** @throws BerthError VmFailed with QEMU's own words when it refuses, or when the connection ends first. */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      const id = this.#nextId++;
      this.#pending.set(id, { command, resolve, reject });
      this.#socket.write(`${JSON.stringify({ execute: command, ...(args ? { arguments: args } : {}), id })}\n`);
    });
  }

  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the connection; the VM goes on. Commands that wait for an answer fail. */
  close(): void {
    this.#socket.destroy();
  }

  #onText(text: string): void {
    this.#received += text;
    const lines = this.#received.split('\n');
    this.#received = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.#onLine(line);
    if (this.#received.length > maximumLineLength) this.#refuse('a line without end');
  }

  #onLine(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#refuse('a line that is not JSON');
      return;
    }
    if (typeof message !== 'object' || message === null) this.#refuse('a line that is no object');
    else this.#onMessage(message as Record<string, unknown>);
  }

  #onMessage(message: Record<string, unknown>): void {
    if ('QMP' in message) {
      this.#greeted?.resolve();
    } else if (typeof message['event'] === 'string') {
      for (const listener of this.#listeners) listener({ name: message['event'], data: message['data'] });
    } else {
      this.#onAnswer(message);
    }
  }

  #onAnswer(message: Record<string, unknown>): void {
    const pending = typeof message['id'] === 'number' ? this.#pending.get(message['id']) : undefined;
    if (!pending) {
      this.#refuse('an answer to nothing that was asked');
      return;
    }
    this.#pending.delete(message['id'] as number);
    if ('return' in message) {
      pending.resolve(message['return']);
      return;
    }
    const { desc } = (message['error'] ?? {}) as { desc?: unknown };
    pending.reject(new BerthError('VmFailed', `QEMU refused “${pending.command}”: ${typeof desc === 'string' ? desc : 'no reason given'}.`));
  }

  #refuse(what: string): void {
    this.#fail(`QEMU’s control connection carried ${what}.`);
    this.#socket.destroy();
  }

  /** The first reason wins; everything that waits learns it. */
  #fail(message: string, cause?: unknown): void {
    this.#failure ??= new BerthError('VmFailed', message, { cause });
    this.#greeted?.reject(this.#failure);
    for (const pending of this.#pending.values()) pending.reject(this.#failure);
    this.#pending.clear();
  }
}
