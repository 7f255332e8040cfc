import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import { BerthError } from '../protocol/errors.ts';
import { formatSeconds } from './format.ts';

/** How long to wait for a registry; times in milliseconds. Tests make them short. */
export interface HttpSettings {
  /** From looking up the name to the end of the TLS handshake; default 15 s. */
  readonly connectTimeout?: number;
  /** Between two pieces of an answer, and until its first; default 30 s. A slow answer may take as long as it needs. */
  readonly idleTimeout?: number;
  /** Certificate authorities to trust instead of Node's, in PEM. */
  readonly certificateAuthorities?: string;
  /** Before the second try in vain to take a blob up again, doubled for each further one; default 1 s. */
  readonly resumePause?: number;
  /** Replaces the look-up of host names. */
  readonly lookup?: LookupFunction;
}

/** An answer whose body has not been read; it must be read to its end or discarded. */
export interface HttpResponse {
  readonly url: URL;
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Throws when the connection closes before the body's end: see {@link isCutShort}. */
  readonly body: AsyncIterable<Uint8Array>;
  discard(): void;
}

const defaultConnectTimeout = 15_000;
const defaultIdleTimeout = 30_000;
const defaultResumePause = 1_000;
const mostRedirects = 5;

/** Loopback hosts may be spoken to without TLS: nothing leaves the machine. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** The transport under the registry client: GET requests with redirects, time-outs and cancellation. Dispose of it. */
export class RegistryHttp {
  readonly #connectTimeout: number;
  readonly #idleTimeout: number;
  /** Milliseconds; see {@link HttpSettings}. */
  readonly resumePause: number;
  readonly #plainAgent: http.Agent;
  readonly #secureAgent: https.Agent;

  constructor(settings: HttpSettings = {}) {
    this.#connectTimeout = settings.connectTimeout ?? defaultConnectTimeout;
    this.#idleTimeout = settings.idleTimeout ?? defaultIdleTimeout;
    this.resumePause = settings.resumePause ?? defaultResumePause;
    const shared = { keepAlive: true, ...(settings.lookup ? { lookup: settings.lookup } : {}) };
    this.#plainAgent = new http.Agent(shared);
    this.#secureAgent = new https.Agent({ ...shared, ...(settings.certificateAuthorities ? { ca: settings.certificateAuthorities } : {}) });
  }

  dispose(): void {
    this.#plainAgent.destroy();
    this.#secureAgent.destroy();
  }

  /**
   * Follows redirects; `authorization` goes only to the origin that was asked first (RFC 9110 section 15.4 leaves this
   * to the client; registries redirect to storage elsewhere, which must not see the token).
   */
  async get(url: URL, headers: http.OutgoingHttpHeaders, authorization: string | undefined, signal: AbortSignal): Promise<HttpResponse> {
    let target = url;
    for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
      const credentials = authorization !== undefined && target.origin === url.origin ? { authorization } : {};
      const response = await this.#requestOnce(target, { ...headers, ...credentials }, signal);
      const location = redirectLocation(response);
      if (location === undefined) return response;
      response.discard();
      target = resolveRedirect(target, location);
    }
    throw new BerthError('RegistryRefused', `${url.host} redirects more than ${mostRedirects} times. Check the name of the registry.`);
  }

  async #requestOnce(url: URL, headers: http.OutgoingHttpHeaders, signal: AbortSignal): Promise<HttpResponse> {
    const message = await this.#send(url, headers, signal, true);
    return {
      url,
      status: message.statusCode ?? 0,
      headers: message.headers,
      body: readBody(message, () => idleError(url, this.#idleTimeout), this.#idleTimeout),
      discard: () => { message.destroy(); },
    };
  }

  #send(url: URL, headers: http.OutgoingHttpHeaders, signal: AbortSignal, mayReuse: boolean): Promise<http.IncomingMessage> {
    const secure = url.protocol === 'https:';
    const options = { headers: { 'user-agent': 'berth', 'accept-encoding': 'identity', ...headers }, signal, agent: secure ? this.#secureAgent : this.#plainAgent };
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(url, mayReuse ? options : { ...options, agent: false });
      let timer = setTimeout(() => request.destroy(connectError(url, this.#connectTimeout)), this.#connectTimeout);
      const connected = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => request.destroy(idleError(url, this.#idleTimeout)), this.#idleTimeout);
      };
      request.on('socket', (socket) => {
        if (request.reusedSocket) connected();
        else socket.once(secure ? 'secureConnect' : 'connect', connected);
      });
      let answered = false;
      request.on('response', (message) => {
        clearTimeout(timer);
        answered = true;
        resolve(message);
      });
      // Stays for the whole life of the request; what fails once the answer has begun is thrown by its body.
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (answered) return;
        clearTimeout(timer);
        // The server may close a kept connection just when it is used again (RFC 9112 section 9.3.1): ask on a new one.
        if (request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE') && !signal.aborted) resolve(this.#send(url, headers, signal, false));
        else reject(error);
      });
      request.end();
    });
  }
}

function redirectLocation(response: HttpResponse): string | undefined {
  return [301, 302, 303, 307, 308].includes(response.status) ? response.headers.location : undefined;
}

/** A redirect may neither leave TLS nor reach from elsewhere into this machine without it. */
function resolveRedirect(from: URL, location: string): URL {
  const refuse = (reason: string): BerthError => new BerthError('RegistryRefused', `${from.host} redirects to ${reason}. Berth does not follow it.`);
  if (!URL.canParse(location, from.href)) throw refuse('something that is no address');
  const target = new URL(location, from.href);
  if (target.protocol === 'https:') return target;
  if (target.protocol !== 'http:') throw refuse(`an address of the kind “${target.protocol}”`);
  if (from.protocol === 'https:' || !isLoopbackHost(target.hostname)) throw refuse(`${target.host} without encryption`);
  return target;
}

/** The time-out runs only while we wait for the server, not while the reader is busy with what has come. */
async function* readBody(message: http.IncomingMessage, timeoutError: () => Error, timeout: number): AsyncGenerator<Uint8Array> {
  const expire = (): void => { message.destroy(timeoutError()); };
  let timer = setTimeout(expire, timeout);
  try {
    for await (const chunk of message) {
      clearTimeout(timer);
      yield chunk as Uint8Array;
      timer = setTimeout(expire, timeout);
    }
  } finally {
    clearTimeout(timer);
    if (!message.complete) message.destroy();
  }
}

/** True for the error with which a body ends when the connection closed before its end. */
export function isCutShort(error: unknown): boolean {
  return error instanceof Error && ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ETIMEDOUT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function connectError(url: URL, timeout: number): BerthError {
  return new BerthError('RegistryTimeout', `${url.host} did not accept a connection within ${formatSeconds(timeout)}. Check the network and the name of the registry, and try again.`, { data: { registry: url.host } });
}

function idleError(url: URL, timeout: number): BerthError {
  return new BerthError('RegistryTimeout', `${url.host} has sent nothing for ${formatSeconds(timeout)}. Check the network and try again.`, { data: { registry: url.host } });
}
