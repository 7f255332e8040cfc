import { request, type IncomingMessage } from 'node:http';
import { BerthError, isNodeError } from '../protocol/errors.ts';
import type { NetdEvent, NetdMember, NetdMemberStatus, NetdNetwork, NetdStatus } from './netdTypes.ts';

const longestAnswer = 16 * 1024 * 1024;
const longestEventLine = 4 * 1024 * 1024;
/** An emulated guest's start may keep a busy machine from everything else. */
export const defaultAnswerMilliseconds = 15_000;

/** Why netd did not do what it was asked, for who has to decide what to do about it. */
export type NetdFailure = 'unreachable' | 'silent' | 'differs' | 'link' | 'other';

/** Requests to one netd. Each is a connection of its own. */
export class NetdClient {
  readonly #socket: string;
  readonly #answerMilliseconds: number;

  constructor(socket: string, answerMilliseconds = defaultAnswerMilliseconds) {
    this.#socket = socket;
    this.#answerMilliseconds = answerMilliseconds;
  }

  async status(): Promise<NetdStatus> {
    return (await this.#send('GET', '/v1/status')) as NetdStatus;
  }

  /** @throws BerthError NetworkFailed (`differs`) when it has another network, with members */
  async setNetwork(network: NetdNetwork): Promise<void> {
    await this.#send('PUT', '/v1/network', network);
  }

  /**
   * Adds or replaces a member.
   * @throws BerthError PortInUse, with the port in its data; nothing has changed then
   */
  async setMember(id: string, member: NetdMember): Promise<NetdMemberStatus> {
    return (await this.#send('PUT', memberPath(id), member)) as NetdMemberStatus;
  }

  /** Connects a member with its VM's socket, or finds it connected. */
  async link(id: string, socket: string): Promise<void> {
    await this.#send('PUT', `${memberPath(id)}/link`, { socket });
  }

  /** The same, but what the VM sends fails, until {@link link}. */
  async refuse(id: string, socket: string): Promise<void> {
    await this.#send('PUT', `${memberPath(id)}/link`, { socket, refuse: true });
  }

  async member(id: string): Promise<NetdMemberStatus> {
    return (await this.#send('GET', memberPath(id))) as NetdMemberStatus;
  }

  /** No error when there is none. */
  async removeMember(id: string): Promise<void> {
    await this.#send('DELETE', memberPath(id));
  }

  /** Ends netd. */
  async stop(): Promise<void> {
    await this.#send('POST', '/v1/stop');
  }

  /** What happens, until netd ends, or the signal fires. The first is `hello`. */
  async *events(signal: AbortSignal): AsyncGenerator<NetdEvent> {
    const response = await this.#open('GET', '/v1/events', undefined, signal);
    let text = '';
    response.setEncoding('utf8');
    try {
      for await (const chunk of response as AsyncIterable<string>) {
        const lines = (text + chunk).split('\n');
        text = lines.pop() ?? '';
        if (text.length > longestEventLine) throw failure('other', 'It sent an event without an end.');
        for (const line of lines) if (line !== '') yield JSON.parse(line) as NetdEvent;
      }
    } catch (error) {
      if (signal.aborted) return;
      // A netd that was killed tears the stream off in the middle.
      if (isNodeError(error) && error.code === 'ECONNRESET') return;
      throw error;
    } finally {
      response.destroy();
    }
  }

  async #send(method: string, path: string, body?: unknown): Promise<unknown> {
    const limit = AbortSignal.timeout(this.#answerMilliseconds);
    try {
      const response = await this.#open(method, path, body, limit);
      const text = await textOf(response);
      const answer: unknown = text === '' ? undefined : JSON.parse(text);
      const status = response.statusCode ?? 0;
      if (status < 200 || status > 299) throw refusal(status, answer);
      return answer;
    } catch (error) {
      if (error instanceof BerthError) throw error;
      if (limit.aborted) throw failure('silent', `It did not answer within ${this.#answerMilliseconds / 1000} seconds.`, error);
      if (isNodeError(error)) throw failure('unreachable', `It cannot be reached (${error.code}).`, error);
      throw failure('other', 'It gave an answer that makes no sense.', error);
    }
  }

  #open(method: string, path: string, body: unknown, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const headers = { connection: 'close', ...(text && { 'content-type': 'application/json', 'content-length': text.length }) };
      const outgoing = request({ socketPath: this.#socket, host: 'netd', method, path, headers, signal, agent: false }, resolve);
      outgoing.on('error', reject);
      outgoing.end(text);
    });
  }
}

function memberPath(id: string): string {
  return `/v1/members/${encodeURIComponent(id)}`;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestAnswer) throw failure('other', 'It gave an answer without an end.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** netd's own word for why it does not do something. */
function refusal(status: number, answer: unknown): BerthError {
  const { code, message, address, port, protocol } = (answer ?? {}) as Record<string, string | number | undefined>;
  const words = typeof message === 'string' ? message : `It answered with status ${status}.`;
  const place = { address, port, protocol };
  if (code === 'PortInUse') return new BerthError('PortInUse', words, { data: place });
  if (code === 'PortForbidden') return new BerthError('NetworkFailed', `The port ${port} of this machine needs more rights than Berth has. Publish another one, such as ${Number(port) + 8000}.`, { data: { ...place, reason: 'other' } });
  if (code === 'Invalid') return new BerthError('NetworkInvalid', words);
  return failure(code === 'NetworkDiffers' ? 'differs' : code === 'LinkFailed' ? 'link' : 'other', words);
}

function failure(reason: NetdFailure, words: string, cause?: unknown): BerthError {
  return new BerthError('NetworkFailed', `The process of the network failed. ${words}`, { cause, data: { reason } });
}

/** What an error of {@link NetdClient} is about; undefined for all others. */
export function netdFailure(error: unknown): NetdFailure | undefined {
  if (!(error instanceof BerthError) || error.code !== 'NetworkFailed') return undefined;
  return error.data?.['reason'] as NetdFailure | undefined;
}
