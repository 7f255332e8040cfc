import { constants } from 'node:os';
import type { Logger } from '../../base/log.ts';
import { BerthError } from '../../protocol/errors.ts';
import { defaultSessionSeconds, type SessionInfo, type SessionOptions } from '../../protocol/sessions.ts';
import type { ExecOptions } from '../../protocol/types.ts';
import { SessionStore } from '../../store/sessionStore.ts';
import type { Container } from '../container.ts';
import type { ContainerTable } from '../containerTable.ts';
import type { ProcessStreams } from '../interfaces.ts';
import { sessionPrefix, type ContainerRun } from '../run/containerRun.ts';
import { startFurtherProcess } from '../run/execProcess.ts';
import { Session, type SessionContext } from './session.ts';

const mostUnwanted = 1000;

export type SessionProcess = ExecOptions & { readonly session: SessionOptions };

/** Terminals that outlive their clients (protocol/sessions.ts). */
export interface Sessions {
  /** Oldest first; none where nothing runs. @throws BerthError ContainerNotFound */
  list(container: string): Promise<SessionInfo[]>;
  /** Starts one and joins it. @throws BerthError InvalidArgument, and as ContainerService.exec */
  start(container: string, process: SessionProcess): Promise<ProcessStreams>;
  /** @throws BerthError SessionNotFound, ContainerNotFound, ContainerNotRunning */
  attach(container: string, session: string): Promise<ProcessStreams>;
  /** Ends one, also one that is just being started or is yet to be; one that has ended is no error. @throws BerthError ContainerNotFound, ContainerNotRunning */
  end(container: string, session: string): Promise<void>;
}

/** Sessions live as long as their container's run; those of an adopted run are found again by their processes' names. */
export class SessionService implements Sessions {
  readonly #table: ContainerTable;
  readonly #log: Logger;
  readonly #runs = new Map<string, RunSessions>();

  constructor(table: ContainerTable, log: Logger) {
    this.#table = table;
    this.#log = log;
    table.onRunBegan((container, run) => this.#begin(container, run));
    table.onDispose(() => {
      for (const sessions of this.#runs.values()) sessions.letGo();
    });
  }

  async list(query: string): Promise<SessionInfo[]> {
    const sessions = await this.#runs.get(this.#table.find(query).id)?.ready;
    return [...(sessions?.values() ?? [])].map(({ info }) => info).sort((one, other) => one.startedAt.localeCompare(other.startedAt));
  }

  async start(query: string, process: SessionProcess): Promise<ProcessStreams> {
    return (await this.#of(query).start(process)).attach(process.size);
  }

  async attach(query: string, id: string): Promise<ProcessStreams> {
    const { container } = this.#table.running(query);
    const session = (await this.#of(query).ready).get(id);
    if (!session) throw new BerthError('SessionNotFound', `The terminal’s process in container “${container.name}” has ended.`, { data: { container: container.id, session: id } });
    return session.attach();
  }

  async end(query: string, id: string): Promise<void> {
    await this.#of(query).end(id);
  }

  #of(query: string): RunSessions {
    const { container, run } = this.#table.running(query);
    const sessions = this.#runs.get(container.id);
    if (sessions?.run !== run) throw new BerthError('Internal', 'The sessions of a run are not known.');
    return sessions;
  }

  #begin(container: Container, run: ContainerRun): void {
    const sessions = new RunSessions(container, run, this.#runs.get(container.id)?.over, this.#log);
    this.#runs.set(container.id, sessions);
    void sessions.over.then(() => {
      if (this.#runs.get(container.id) === sessions) this.#runs.delete(container.id);
    });
  }
}

/** The sessions of one run of a container. */
class RunSessions {
  readonly run: ContainerRun;
  /** Settles when those of an earlier host are found, or what is left of an earlier run's is gone. Never rejects. */
  readonly ready: Promise<ReadonlyMap<string, Session>>;
  /** Settles when the run has ended and nothing is left of its sessions. Never rejects. */
  readonly over: Promise<void>;
  readonly #container: Container;
  readonly #log: Logger;
  readonly #store: SessionStore;
  readonly #sessions = new Map<string, Session>();
  readonly #starting = new Map<string, Promise<Session>>();
  /** Those that were ended before anybody heard of them: their start may be under way, on another connection. */
  readonly #unwanted = new Set<string>();

  constructor(container: Container, run: ContainerRun, before: Promise<void> | undefined, log: Logger) {
    this.#container = container;
    this.run = run;
    this.#log = log;
    this.#store = new SessionStore(container.paths.sessions);
    this.ready = this.#prepare(before);
    this.over = this.#end();
  }

  async start(process: SessionProcess): Promise<Session> {
    const { id } = process.session;
    await this.ready;
    if (!process.terminal) throw new BerthError('InvalidArgument', 'A session has a terminal.', { data: { option: 'session' } });
    if (this.#sessions.has(id) || this.#starting.has(id)) throw new BerthError('InvalidArgument', `There is a session “${id}” in container “${this.#container.name}” already.`, { data: { option: 'session' } });
    if (this.#unwanted.delete(id)) throw new BerthError('Cancelled', 'The terminal was closed before its process began.');
    const starting = this.#start(process);
    this.#starting.set(id, starting);
    return starting.finally(() => this.#starting.delete(id));
  }

  async end(id: string): Promise<void> {
    const sessions = await this.ready;
    const session = sessions.get(id) ?? (await this.#starting.get(id)?.catch(() => undefined));
    if (session) session.end();
    else if (this.#unwanted.size < mostUnwanted) this.#unwanted.add(id);
  }

  async #start(process: SessionProcess): Promise<Session> {
    const { id, name, expireSeconds = defaultSessionSeconds } = process.session;
    const record = { version: 1, id, ...(name !== undefined && { name }), command: process.command, startedAt: new Date().toISOString(), expireSeconds } as const;
    try {
      // First: a process that nobody knows could not be found again.
      await this.#store.save(record);
      await startFurtherProcess({ container: this.#container, run: this.run }, { ...process, stdin: true }, sessionPrefix + id);
      const session = await Session.open(record, this.#context, true).catch((error: unknown) => {
        this.run.abandon(sessionPrefix + id, constants.signals.SIGHUP);
        throw error;
      });
      this.#sessions.set(id, session);
      return session;
    } catch (error) {
      await this.#remove(id);
      throw error;
    }
  }

  letGo(): void {
    for (const session of this.#sessions.values()) session.letGo();
  }

  get #context(): SessionContext {
    return { run: this.run, store: this.#store, log: this.#log, forgotten: (session) => void this.#forget(session) };
  }

  async #prepare(before: Promise<void> | undefined): Promise<ReadonlyMap<string, Session>> {
    try {
      await before;
      if (this.run.foundSessions) await this.#adopt(new Set(this.run.foundSessions));
      else await this.#store.clear();
    } catch (error) {
      this.#log.error('The sessions of a container could not be found again', error, { container: this.#container.id });
    }
    return this.#sessions;
  }

  async #adopt(found: Set<string>): Promise<void> {
    for (const record of await this.#store.load()) {
      const isRunning = found.delete(sessionPrefix + record.id);
      if (!isRunning && !record.exited) await this.#store.remove(record.id);
      // One that is still known to the guest has its exit and its last output there.
      const { exited, ...running } = record;
      if (isRunning || exited) this.#sessions.set(record.id, await Session.open(isRunning ? running : record, this.#context, false));
    }
    for (const id of found) this.run.abandon(id, constants.signals.SIGHUP);
  }

  async #end(): Promise<void> {
    await this.run.exited;
    await this.ready;
    for (const session of this.#sessions.values()) session.hurry();
    await Promise.allSettled([...this.#sessions.values()].map(({ exit }) => exit));
    this.letGo();
    await Promise.allSettled([...this.#sessions.values()].map((session) => session.hold()));
    await this.#store.clear().catch((error: unknown) => this.#log.error('What is left of a container’s sessions could not be removed', error, { container: this.#container.id }));
  }

  async #forget(session: Session): Promise<void> {
    this.#sessions.delete(session.id);
    await session.hold().catch((error: unknown) => this.#log.error('A session’s last output is not shown to the end', error, { session: session.id }));
    await this.#remove(session.id);
  }

  async #remove(id: string): Promise<void> {
    await this.#store.remove(id).catch((error: unknown) => this.#log.error('What is left of a session could not be removed', error, { container: this.#container.id, session: id }));
  }
}
