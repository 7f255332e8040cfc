import type { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { ReportProgress } from '../base/progress.ts';
import type { ExecPreparations } from './execPreparations.ts';
import type { HostProcess, HostServices } from './hostServices.ts';
import type { LanguageConnection } from './languageConnection.ts';
import type { Check } from './validate.ts';

/** The client that has sent a request. */
export interface RequestingClient {
  notify<P>(type: NotificationType<P>, params: P): void;
  /** Aborted when it is gone. */
  readonly gone: AbortSignal;
}

/** What a method works with. */
export interface MethodContext {
  readonly services: HostServices;
  readonly host: HostProcess;
  readonly execs: ExecPreparations;
  readonly client: RequestingClient;
  /** The client's documents. */
  readonly language: LanguageConnection;
  /** Aborted by `$/cancelRequest` and when the client is gone. */
  readonly signal: AbortSignal;
  /** Present when the client asked for progress. */
  readonly progress: ReportProgress | undefined;
}

/** One JSON-RPC method of ours, with its parameters checked before the handler sees them. */
export interface Method {
  readonly name: string;
  /** Title of its progress; undefined for what is over at once. */
  readonly title: ((params: unknown) => string) | undefined;
  check(params: unknown): unknown;
  handle(params: unknown, context: MethodContext): Promise<unknown>;
}

/** Ties a request type of the protocol to its check and its handler. */
export function define<P, R, C extends P>(
  type: RequestType<P, R, void>,
  check: Check<C>,
  handle: (params: C, context: MethodContext) => Promise<R>,
  title?: (params: C) => string,
): Method {
  return {
    name: type.method,
    title: title as Method['title'],
    check: (params) => check(params ?? {}, ''),
    handle: (params, context) => handle(params as C, context),
  };
}

/** The same for a request without parameters. */
export function define0<R>(type: RequestType0<R, void>, handle: (context: MethodContext) => Promise<R>): Method {
  return { name: type.method, title: undefined, check: () => undefined, handle: (_params, context) => handle(context) };
}

/** The part of a context that services take. */
export function operation({ signal, progress }: MethodContext): { signal: AbortSignal; progress?: ReportProgress } {
  return { signal, ...(progress && { progress }) };
}
