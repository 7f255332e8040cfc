import { CancellationTokenSource } from 'vscode-jsonrpc';
import type { Disposable, ProgressType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import { BerthError } from '../protocol/errors.ts';
import { workDoneProgress, type WorkDoneParams, type WorkDoneProgress } from '../protocol/methods.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import { errorFromResponse } from './clientErrors.ts';

/** What the client needs of a JSON-RPC connection; a MessageConnection and a LanguageClient both fit. */
export interface RequestChannel {
  sendRequest(method: string, ...parameters: unknown[]): Promise<unknown>;
  onNotification(method: string, handler: (...parameters: unknown[]) => void): Disposable;
  onProgress<P>(type: ProgressType<P>, token: string | number, handler: (value: P) => void): Disposable;
}

export interface RequestOptions {
  /** Cancels the request in the host. */
  readonly signal?: AbortSignal;
}

export interface LongRequestOptions extends RequestOptions {
  readonly progress?: (progress: WorkDoneProgress) => void;
}

/** Sends typed requests: cancellation, progress and errors in one place. */
export class Requester {
  readonly #channel: RequestChannel;
  readonly #paths: BerthPaths;
  #tokens = 0;

  constructor(channel: RequestChannel, paths: BerthPaths) {
    this.#channel = channel;
    this.#paths = paths;
  }

  send<R>(type: RequestType0<R, void>, options?: RequestOptions): Promise<R> {
    return this.#send(type.method, [], options) as Promise<R>;
  }

  sendWith<P, R>(type: RequestType<P, R, void>, params: P, options?: RequestOptions): Promise<R> {
    return this.#send(type.method, [params], options) as Promise<R>;
  }

  /** Asks for work-done progress when the caller wants to know about it. */
  async sendLong<P extends object, R>(type: RequestType<P & WorkDoneParams, R, void>, params: P, options: LongRequestOptions = {}): Promise<R> {
    const { progress } = options;
    if (!progress) return this.sendWith(type, params, options);
    this.#tokens += 1;
    const workDoneToken = `berth-${this.#tokens}`;
    const registration = this.#channel.onProgress(workDoneProgress, workDoneToken, progress);
    try {
      return await this.sendWith(type, { ...params, workDoneToken }, options);
    } finally {
      registration.dispose();
    }
  }

  async #send(method: string, parameters: unknown[], { signal }: RequestOptions = {}): Promise<unknown> {
    if (signal?.aborted) throw new BerthError('Cancelled', 'The operation was cancelled.');
    const cancellation = new CancellationTokenSource();
    const cancel = (): void => cancellation.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await this.#channel.sendRequest(method, ...parameters, cancellation.token);
    } catch (error) {
      throw errorFromResponse(error, this.#paths);
    } finally {
      signal?.removeEventListener('abort', cancel);
      cancellation.dispose();
    }
  }
}
