import type { ErrorPayload } from './errors.ts';

/*
 * Byte streams: a WebSocket each, subprotocol `v5.channel.k8s.io`. Every binary message is
 *
 *   +---------+----------------------+
 *   | channel | payload              |
 *   | 1 byte  | 0 or more bytes      |
 *   +---------+----------------------+
 *
 *   0 stdin   client → host          3 status  host → client, JSON StreamStatus, once, last
 *   1 stdout  host → client          4 resize  client → host, JSON {"Width": columns, "Height": rows}
 *   2 stderr  host → client        255 close   client → host, payload: the one channel that has ended (0)
 *
 *   5 request client → host, JSON, once, first: what runStreamPath() is to run
 *   6 notice  host → client, a sentence for the user, where the address has `notices=1`
 *
 * Source: Kubernetes, apimachinery "remotecommand" constants and the v5 subprotocol's close message. 5 and 6 are ours.
 */
export const streamSubprotocol = 'v5.channel.k8s.io';

export const Channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, request: 5, notice: 6, close: 255 } as const;
export type Channel = (typeof Channel)[keyof typeof Channel];

/** Largest message that the host takes from a client. */
export const maxStreamFrameBytes = 1024 * 1024;

/** The last message of a stream. Exactly one of `exitCode` and `error`, or neither when a log ended. */
export interface StreamStatus {
  readonly exitCode?: number;
  /** The process, or for the first process any of the container, was killed because memory ran out. */
  readonly oomKilled?: boolean;
  readonly error?: ErrorPayload;
}

/** The payload of channel 4, with Kubernetes' field names. */
export interface ResizeMessage {
  readonly Width: number;
  readonly Height: number;
}

/** Attach to the first process. With `start=1` the host starts the container once the stream is attached. */
export function attachStreamPath(container: string, options: { start?: boolean; replay?: boolean } = {}): string {
  return withQuery(`/containers/${encodeURIComponent(container)}/attach`, { start: options.start, replay: options.replay });
}

/** Runs the process prepared by `container/exec`. */
export function execStreamPath(execId: string): string {
  return `/exec/${encodeURIComponent(execId)}`;
}

/** Runs the process that the first message, ExecOptions in JSON on channel 5, asks for. Older hosts know no such address. */
export function runStreamPath(container: string): string {
  return withQuery(`/containers/${encodeURIComponent(container)}/run`, { notices: true });
}

/** Joins a session (sessions.ts): the last of what it has printed, and what it prints from now on. Closing the stream leaves it. */
export function sessionStreamPath(container: string, session: string): string {
  return withQuery(`/containers/${encodeURIComponent(container)}/session`, { id: session });
}

export interface LogOptions {
  /** Go on with what is written from now on, until the container stops. */
  readonly follow?: boolean;
  /** Only the last n lines. */
  readonly tail?: number;
  /** Milliseconds since 1970; what was printed before is left out. */
  readonly since?: number;
  /** Milliseconds since 1970; what was printed later is left out, and `follow` ends then. */
  readonly until?: number;
  /** Each line begins with the time at which it was printed. */
  readonly timestamps?: boolean;
  /** Tell also what the host has for its users (channel 6). */
  readonly notices?: boolean;
}

export function logStreamPath(container: string, options: LogOptions = {}): string {
  return withQuery(`/containers/${encodeURIComponent(container)}/logs`, { ...options });
}

/** An address with those parameters that say something. */
export function withQuery(path: string, query: Record<string, boolean | number | string | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== false) parameters.set(name, value === true ? '1' : String(value));
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

/** Prefixes a payload with its channel number. */
export function encodeFrame(channel: Channel, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(payload.length + 1);
  frame[0] = channel;
  frame.set(payload, 1);
  return frame;
}

/** Splits a message into channel and payload (a view, not a copy); undefined when it has no known channel. */
export function decodeFrame(frame: Uint8Array): { channel: Channel; payload: Uint8Array } | undefined {
  const channel = frame[0];
  if (channel === undefined || !(Object.values(Channel) as number[]).includes(channel)) return undefined;
  return { channel: channel as Channel, payload: frame.subarray(1) };
}
