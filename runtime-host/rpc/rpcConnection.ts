import { createMessageConnection, ErrorCodes } from 'vscode-jsonrpc/node';
import type { CancellationToken, MessageConnection, NotificationType } from 'vscode-jsonrpc/node';
import type { WebSocket } from 'ws';
import { CloseCode } from '../protocol/closeCode.ts';
import { BerthError } from '../protocol/errors.ts';
import { languageCapabilities } from '../protocol/language.ts';
import { workDoneProgress } from '../protocol/methods.ts';
import type { BerthCapabilities } from '../protocol/version.ts';
import { protocolVersion, version } from '../protocol/version.ts';
import { WebSocketMessageReader, WebSocketMessageWriter } from '../protocol/webSocketTransport.ts';
import type { ExecPreparations } from './execPreparations.ts';
import type { HostProcess } from './hostServices.ts';
import { LanguageConnection } from './languageConnection.ts';
import type { Method, RequestingClient } from './method.ts';
import { protocolError, toResponseError, worthLogging } from './rpcErrors.ts';
import { flag, object, optional } from './validate.ts';
import { WorkDone } from './workDone.ts';

export interface RpcEnvironment {
  readonly host: HostProcess;
  readonly methods: ReadonlyMap<string, Method>;
  readonly execs: ExecPreparations;
}

const initializeParams = object({ initializationOptions: optional(object({ asksRegistries: optional(flag) })) });

/** A client that reads nothing while this much waits for it is let go, so that it cannot fill our memory. */
const maxUnreadBytes = 16 * 1024 * 1024;

/**
 * One client's JSON-RPC connection, which is an LSP connection too:
 *
 *   new ── initialize ──► initialized ── shutdown ──► shut down ── exit ──► closed
 *
 * `exit` closes this connection and nothing else. When it closes, everything that the client still waits for is cancelled.
 */
export class RpcConnection implements RequestingClient {
  readonly #socket: WebSocket;
  readonly #connection: MessageConnection;
  readonly #environment: RpcEnvironment;
  readonly #running = new Set<AbortController>();
  readonly #gone = new AbortController();
  readonly #language: LanguageConnection;
  #state: 'new' | 'initialized' | 'shut down' = 'new';
  #receivesNotifications = false;

  constructor(socket: WebSocket, environment: RpcEnvironment) {
    this.#socket = socket;
    this.#environment = environment;
    this.#language = new LanguageConnection(this, environment.host);
    const { log } = environment.host;
    this.#connection = createMessageConnection(new WebSocketMessageReader(socket), new WebSocketMessageWriter(socket), {
      error: (message) => log.warn('JSON-RPC', { message }),
      warn: (message) => log.warn('JSON-RPC', { message }),
      info: () => undefined,
      log: () => undefined,
    });
    this.#connection.onError(([error]) => log.warn('A client connection failed', { error: error.message }));
    this.#connection.onRequest((method, params, token) => this.#answer(method, params, token));
    this.#connection.onNotification((method, params) => {
      if (method === 'exit') this.#socket.close(CloseCode.normal);
      else if (this.#state === 'initialized') this.#language.notified(method, params);
    });
    socket.on('close', () => this.#closed());
    this.#connection.listen();
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Tells the client about a change, once it has initialized. */
  notify<P>(type: NotificationType<P>, params: P): void {
    if (this.#receivesNotifications) this.#send(() => this.#connection.sendNotification(type.method, params));
  }

  /** Ends the connection in good order. */
  close(): void {
    this.#socket.close(CloseCode.goingAway, 'The runtime host is stopping.');
  }

  async #answer(method: string, params: unknown, token: CancellationToken): Promise<unknown> {
    if (method === 'initialize') return this.#initialize(params);
    if (this.#state === 'new') return protocolError(ErrorCodes.ServerNotInitialized, 'The first request must be “initialize”.');
    if (this.#state === 'shut down') return protocolError(ErrorCodes.InvalidRequest, 'This connection was shut down.');
    if (method === 'shutdown') {
      this.#state = 'shut down';
      return null;
    }
    const known = this.#environment.methods.get(method);
    if (!known) return protocolError(ErrorCodes.MethodNotFound, `There is no method “${method}”.`);
    return this.#run(known, params, token);
  }

  #initialize(params: unknown): unknown {
    if (this.#state !== 'new') return protocolError(ErrorCodes.InvalidRequest, 'This connection is initialized already.');
    this.#state = 'initialized';
    // The answer goes out before the first notification.
    setImmediate(() => {
      this.#receivesNotifications = true;
    });
    this.#language.configure(initializeParams(params, '').initializationOptions ?? {});
    const experimental: BerthCapabilities = { berth: { protocolVersion } };
    return { capabilities: { ...languageCapabilities, experimental }, serverInfo: { name: 'berth', version } };
  }

  async #run(method: Method, params: unknown, token: CancellationToken): Promise<unknown> {
    const { host, execs } = this.#environment;
    const cancellation = new AbortController();
    const cancelled = token.onCancellationRequested(() => cancellation.abort());
    this.#running.add(cancellation);
    let workDone: WorkDone | undefined;
    try {
      const checked = method.check(params);
      workDone = this.#startProgress(method, checked);
      if (token.isCancellationRequested) cancellation.abort();
      const services = await host.services;
      cancellation.signal.throwIfAborted();
      const progress = workDone && ((report: Parameters<WorkDone['report']>[0]): void => workDone?.report(report));
      return await method.handle(checked, { services, host, execs, client: this, language: this.#language, signal: cancellation.signal, progress });
    } catch (thrown) {
      const error = BerthError.from(thrown);
      if (worthLogging(error)) host.log.error(`${method.name} failed`, error);
      return toResponseError(error);
    } finally {
      // LSP: the end of the progress comes before the answer.
      workDone?.end();
      cancelled.dispose();
      this.#running.delete(cancellation);
    }
  }

  #startProgress(method: Method, checked: unknown): WorkDone | undefined {
    const token = (checked as { workDoneToken?: string | number } | undefined)?.workDoneToken;
    if (token === undefined || !method.title) return undefined;
    return new WorkDone(method.title(checked), (value) => this.#send(() => this.#connection.sendProgress(workDoneProgress, token, value)));
  }

  /** Sends what nobody waits for. A client that is gone needs no message; its `close` does the rest. */
  #send(send: () => Promise<void>): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > maxUnreadBytes) {
      this.#environment.host.log.warn('A client reads nothing and is let go', { unreadBytes: this.#socket.bufferedAmount });
      return this.#socket.terminate();
    }
    send().catch((error: unknown) => this.#environment.host.log.warn('A message could not be sent', { error: String(error) }));
  }

  #closed(): void {
    for (const cancellation of this.#running) cancellation.abort();
    this.#gone.abort();
    this.#connection.dispose();
  }
}
