import { Writable } from 'node:stream';
import { BerthError } from '../protocol/errors.ts';
import { Channel } from '../protocol/streams.ts';
import type { LogOptions, StreamStatus } from '../protocol/streams.ts';
import type { ContainerService, ProcessStreams } from '../services/interfaces.ts';
import { parseArchiveRoute, serveArchive } from './archiveStreams.ts';
import type { ArchiveRoute } from './archiveStreams.ts';
import type { ByteStream } from './byteStream.ts';
import type { ExecPreparations } from './execPreparations.ts';
import type { HostProcess, HostServices } from './hostServices.ts';
import { startProcess } from './startProcess.ts';
import { worthLogging } from './rpcErrors.ts';
import { runningContainer } from './runningContainer.ts';
import { containerExec } from './schemas.ts';
import { invalid } from './validate.ts';

export interface StreamEnvironment {
  readonly host: HostProcess;
  readonly execs: ExecPreparations;
}

/** What a stream's address asks for. */
export type StreamRoute =
  | { readonly kind: 'attach'; readonly container: string; readonly start: boolean; readonly replay: boolean }
  | { readonly kind: 'exec'; readonly execId: string }
  | { readonly kind: 'session'; readonly container: string; readonly session: string }
  | { readonly kind: 'run'; readonly container: string; readonly notices: boolean }
  | { readonly kind: 'logs'; readonly container: string; readonly options: LogOptions; readonly notices: boolean }
  | ArchiveRoute;

/**
 * Reads the addresses that protocol/streams.ts builds; undefined for any other.
 * @throws BerthError InvalidArgument for a parameter that is wrong.
 */
export function parseStreamRoute(address: string): StreamRoute | undefined {
  const url = URL.parse(address, 'http://berth');
  const segments = url?.pathname.split('/').slice(1).map(decode);
  if (!url || !segments || segments.includes(undefined)) return undefined;
  const [collection, subject, verb, ...rest] = segments;
  if (!subject || rest.length > 0) return undefined;
  const query = url.searchParams;
  if (collection === 'exec' && verb === undefined) return { kind: 'exec', execId: subject };
  if (collection !== 'containers') return undefined;
  if (verb === 'attach') return { kind: 'attach', container: subject, start: flag(query, 'start'), replay: flag(query, 'replay') };
  if (verb === 'session') return { kind: 'session', container: subject, session: query.get('id') ?? invalid('id', 'a session’s id') };
  if (verb === 'run') return { kind: 'run', container: subject, notices: flag(query, 'notices') };
  if (verb === 'logs') return { kind: 'logs', container: subject, options: logOptions(query), notices: flag(query, 'notices') };
  return verb === undefined ? undefined : parseArchiveRoute(subject, verb, query, (name) => flag(query, name));
}

/** Serves one stream to its end. Never rejects: what goes wrong travels in the status. */
export async function serveStream(route: StreamRoute, stream: ByteStream, environment: StreamEnvironment): Promise<void> {
  let status: StreamStatus;
  let unwatch: (() => void) | undefined;
  try {
    const services = await environment.host.services;
    const { containers, archives } = services;
    if ('notices' in route && route.notices) unwatch = containers.onNotice((message) => stream.notice(message));
    if (route.kind === 'logs') status = await sendLogs(route, stream, containers);
    else if (route.kind === 'attach' || route.kind === 'exec' || route.kind === 'run' || route.kind === 'session') status = await joinProcess(await openProcess(route, stream, services, environment), stream);
    else status = await serveArchive(route, stream, archives);
  } catch (thrown) {
    const error = BerthError.from(thrown);
    if (worthLogging(error) && !stream.signal.aborted) environment.host.log.error(`The stream ${route.kind} failed`, error);
    status = { error: error.toPayload() };
  } finally {
    unwatch?.();
  }
  await stream.finish(status);
}

async function openProcess(
  route: Extract<StreamRoute, { kind: 'attach' | 'exec' | 'run' | 'session' }>,
  stream: ByteStream,
  services: HostServices,
  { execs }: StreamEnvironment,
): Promise<ProcessStreams> {
  const { containers, sessions } = services;
  if (route.kind === 'session') return sessions.attach(route.container, route.session);
  if (route.kind === 'attach') {
    return containers.attach(route.container, { start: route.start, replay: route.replay, signal: stream.signal });
  }
  if (route.kind === 'run') {
    const { container, detach, ...requested } = containerExec({ ...(await stream.request() as object), container: route.container }, '');
    if (detach) return invalid('detach', 'absent where there is a stream');
    return startProcess(services, await runningContainer(containers, container), requested);
  }
  const { container, process } = execs.claim(route.execId);
  return startProcess(services, container, process);
}

/** Carries a process's streams until it has ended or the client is gone; the process goes on without the client. */
async function joinProcess(process: ProcessStreams, stream: ByteStream): Promise<StreamStatus> {
  const leave = (): void => {
    process.close();
    process.stdout.destroy();
    process.stderr.destroy();
  };
  stream.signal.addEventListener('abort', leave, { once: true });
  // Asked for below, unless the client is gone.
  process.exit.catch(() => undefined);
  try {
    // It may have gone while the process was starting.
    stream.signal.throwIfAborted();
    stream.connectInput(process);
    const [{ exitCode, oomKilled }] = await Promise.all([process.exit, stream.pump(Channel.stdout, process.stdout), stream.pump(Channel.stderr, process.stderr)]);
    return { exitCode, ...(oomKilled && { oomKilled }) };
  } finally {
    stream.signal.removeEventListener('abort', leave);
    leave();
  }
}

async function sendLogs(route: Extract<StreamRoute, { kind: 'logs' }>, stream: ByteStream, containers: ContainerService): Promise<StreamStatus> {
  // A log takes no input and has no window, but the client may close its side, and its terminal may change its size.
  stream.connectInput({ stdin: new Writable({ write: (_chunk, _encoding, done) => done() }), resize: () => undefined });
  const { container, options } = route;
  for await (const { stream: name, data } of containers.logs(container, { ...options, signal: stream.signal })) {
    await stream.send(Channel[name], data);
  }
  return {};
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A "%" that encodes nothing: no address of ours.
    return undefined;
  }
}

function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  if (value === null || value === '0') return false;
  return value === '1' ? true : invalid(name, '0 or 1');
}

function logOptions(query: URLSearchParams): LogOptions {
  const [tail, since, until] = ['tail', 'since', 'until'].map((name) => count(query, name));
  return {
    follow: flag(query, 'follow'),
    timestamps: flag(query, 'timestamps'),
    ...(tail !== undefined && { tail }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

function count(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  return /^\d{1,15}$/.test(value) ? Number(value) : invalid(name, 'a whole number');
}
