import { constants } from 'node:os';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../base/log.ts';
import type { ProcessAttachment } from '../../guest/attachment.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { SessionInfo } from '../../protocol/sessions.ts';
import type { TerminalSize } from '../../protocol/types.ts';
import type { SessionRecord, SessionStore } from '../../store/sessionStore.ts';
import type { ProcessExit, ProcessStreams } from '../interfaces.ts';
import { ContainerLog } from '../logs/containerLog.ts';
import { sessionPrefix, type ContainerRun } from '../run/containerRun.ts';
import { handled, writeTo } from '../run/processStreams.ts';
import { Replay } from './replay.ts';

/** Between 1 and 1.5 MiB of output are kept. */
const logLimits = { maxSize: 512 * 1024, maxFiles: 3 };
/** A process that does not end when it is hung up gets this long. */
const hangUpMilliseconds = 10_000;
const retryMilliseconds = 1000;

export interface SessionContext {
  readonly run: ContainerRun;
  readonly store: SessionStore;
  readonly log: Logger;
  /** It is over and nobody needs to see it any more. */
  readonly forgotten: (session: Session) => void;
}

interface SessionClient {
  size: TerminalSize | undefined;
}

/**
 * One session: its process's output goes to a log of its own on disk, from which each client reads at its own pace. While
 * anybody is behind by what is kept, the process waits. The size is that of the client that was resized or typed last.
 */
export class Session {
  /** Settles when the process has ended and its output is stored. */
  readonly exit: Promise<ProcessExit>;
  readonly #context: SessionContext;
  readonly #output: ContainerLog;
  readonly #attachment: ProcessAttachment | undefined;
  /** Those who look, whoever acted last at the end. */
  readonly #clients = new Set<SessionClient>();
  #record: SessionRecord;
  #size: TerminalSize | undefined;
  #exit: ProcessExit | undefined;
  #wasSeen = false;
  #ending = false;
  #letGo = false;
  #forgotten = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(record: SessionRecord, context: SessionContext, output: ContainerLog) {
    this.#record = record;
    this.#context = context;
    this.#output = output;
    if (record.exited) {
      this.#exit = record.exited;
      this.exit = Promise.resolve(record.exited);
    } else {
      const { run } = context;
      this.#attachment = run.guest.attach({ processId: this.#processId, stdoutOffset: output.offsets.stdout, acknowledges: true });
      this.exit = handled(run.explained(this.#keep(this.#attachment)).then((exit) => this.#ended(exit)));
      this.exit.catch(() => this.#forget());
    }
    this.#expectClient();
  }

  /** A session whose process was just started, or was found by this host, or has ended. */
  static async open(record: SessionRecord, context: SessionContext, isNew: boolean): Promise<Session> {
    const output = new ContainerLog(context.store.logPath(record.id), logLimits);
    if (!record.exited) await output.open(isNew ? 'new' : 'same');
    return new Session(record, context, output);
  }

  get id(): string {
    return this.#record.id;
  }

  get info(): SessionInfo {
    const { id, name, command, startedAt } = this.#record;
    return { id, ...(name !== undefined && { name }), command, startedAt, attached: this.#clients.size, ...(this.#exit && { exited: this.#exit }) };
  }

  /** Another client: it gets what is kept, and then what comes. Closing its streams leaves the session. */
  attach(size?: TerminalSize): ProcessStreams {
    const client: SessionClient = { size };
    const closing = new AbortController();
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    stderr.end();
    if (!this.#ending) clearTimeout(this.#timer);
    this.#clients.add(client);
    if (size) this.#act(client);
    const leave = (): void => {
      closing.abort();
      stdout.destroy();
      this.#leave(client);
    };
    return {
      stdin: this.#inputFrom(client),
      stdout,
      stderr,
      exit: handled(Promise.all([this.exit, this.#copyTo(stdout, closing.signal)]).then(([exit]) => {
        this.#wasSeen ||= !closing.signal.aborted;
        return exit;
      })),
      resize: (given) => {
        client.size = given;
        this.#act(client);
      },
      close: leave,
    };
  }

  /** Hangs it up: its shell ends, as in a terminal that is closed. */
  end(): void {
    if (this.#exit) return this.#forget();
    if (this.#ending) return;
    this.#ending = true;
    this.#wasSeen = true;
    clearTimeout(this.#timer);
    this.#output.hurry();
    this.#signal(constants.signals.SIGHUP);
    this.#timer = setTimeout(() => this.#signal(constants.signals.SIGKILL), hangUpMilliseconds).unref();
    void this.exit.catch(() => undefined).then(() => this.#forgetIfSeen());
  }

  /** Nothing waits for its clients any more: its machine has ended. */
  hurry(): void {
    this.#output.hurry();
  }

  /** To be called before its files are removed: its clients still get to the end. */
  async hold(): Promise<void> {
    await this.#output.hold();
  }

  /** This host leaves it to the next one. */
  letGo(): void {
    this.#letGo = true;
    clearTimeout(this.#timer);
  }

  get #processId(): string {
    return sessionPrefix + this.#record.id;
  }

  #signal(signal: number): void {
    this.#context.run.guest.signal(this.#processId, signal).catch((error: unknown) => {
      if (!this.#exit && !this.#letGo) this.#context.log.info('A session could not be sent a signal.', { session: this.id, signal, reason: String(error) });
    });
  }

  async #keep(attachment: ProcessAttachment): Promise<ProcessExit> {
    try {
      for await (const event of attachment) {
        if (event.kind === 'exit') return { exitCode: event.code, ...(event.oomKilled && { oomKilled: true }) };
        await this.#store(event);
        attachment.acknowledge(event.offset + event.data.length, 0);
      }
      throw new BerthError('GuestFailed', 'The connection to the container ended before the process did.');
    } finally {
      await this.#output.close().catch((error: unknown) => this.#context.log.error('The log of a session could not be closed', error, { session: this.id }));
    }
  }

  /** While the disk is full the process waits, unless it is to end. */
  async #store(event: { readonly stream: 'stdout' | 'stderr'; readonly offset: number; readonly data: Uint8Array }): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#output.append({ stream: event.stream, offset: event.offset, data: event.data });
      } catch (error) {
        if (tries === 0) this.#context.log.error('The output of a session cannot be stored; its process waits', error, { session: this.id });
        if (this.#ending) return;
        if (this.#letGo || this.#context.run.over) throw error;
        await delay(retryMilliseconds);
      }
    }
  }

  async #ended(exit: ProcessExit): Promise<ProcessExit> {
    const { store, run, log } = this.#context;
    this.#exit = exit;
    clearTimeout(this.#timer);
    this.#record = { ...this.#record, exited: exit };
    // Before the guest forgets it: the next host would take it for one that was never there.
    if (this.#clients.size === 0 && !this.#ending) await store.save(this.#record).catch((error: unknown) => log.error('The end of a session could not be recorded', error, { session: this.id }));
    await run.guest.release(this.#processId).catch(() => undefined); // The machine may have ended meanwhile.
    if (this.#clients.size === 0) this.#expectClient();
    return exit;
  }

  async #copyTo(stdout: PassThrough, signal: AbortSignal): Promise<void> {
    const replay = new Replay(this.#exit ? undefined : this.#output.end);
    try {
      for await (const entry of this.#output.entries({ from: this.#output.runStart, follow: true, misses: 'nothing', signal })) {
        const data = replay.pass(entry);
        if (data.length > 0) await writeTo(stdout, data);
      }
    } finally {
      stdout.end();
    }
  }

  #inputFrom(client: SessionClient): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#act(client);
        const written = this.#attachment?.write(chunk) ?? Promise.resolve();
        void written.catch(() => undefined).then(() => done()); // What is typed after the end goes nowhere.
      },
    });
  }

  /** Somebody has done something: the terminal is as large as theirs. */
  #act(client: SessionClient): void {
    if (this.#clients.delete(client)) this.#clients.add(client);
    this.#fit(client);
  }

  #fit({ size }: SessionClient): void {
    if (!size || (size.columns === this.#size?.columns && size.rows === this.#size.rows)) return;
    this.#size = size;
    this.#attachment?.resize(size.columns, size.rows);
  }

  #leave(client: SessionClient): void {
    if (!this.#clients.delete(client)) return;
    const last = [...this.#clients].at(-1);
    if (last) this.#fit(last);
    else if (!this.#forgetIfSeen()) this.#expectClient();
  }

  #forgetIfSeen(): boolean {
    if (!this.#exit || !this.#wasSeen || this.#clients.size > 0) return false;
    this.#forget();
    return true;
  }

  #expectClient(): void {
    if (this.#ending || this.#letGo || this.#forgotten) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#context.log.info('Nobody has come for a session; it ends.', { session: this.id });
      this.end();
    }, this.#record.expireSeconds * 1000).unref();
  }

  #forget(): void {
    if (this.#forgotten || this.#letGo) return;
    this.#forgotten = true;
    clearTimeout(this.#timer);
    this.#context.forgotten(this);
  }
}
