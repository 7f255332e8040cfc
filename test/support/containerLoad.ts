import { connect, type HostConnection } from '../../runtime-host/client/index.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { textOf } from './vmHarness.ts';

/*
 * Clients that create, start, exec into, read, stop and remove containers through whichever host there is, and keep
 * account of what they were told: an answer is a promise that the next host must keep, however the last one ended.
 */

/** What the host has promised about a container; `unknown` while a request about it was never answered. */
type Promised = 'created' | 'running' | 'ended' | 'stopped' | 'gone' | 'unknown';

interface Entry {
  readonly name: string;
  /** A brief one prints, and ends with {@link briefStatus} by itself. */
  readonly brief: boolean;
  readonly removeOnExit: boolean;
  promised: Promised;
  busy: boolean;
  /** Changes with each request, so that an observation can be told from an older one. */
  requests: number;
}

export interface LoadOptions {
  readonly paths: BerthPaths;
  readonly environment: NodeJS.ProcessEnv;
  readonly image: string;
  readonly random: () => number;
}

const mostContainers = 6;
const mostRunning = 3;
const briefStatus = 7;
const counting = 'i=0; while :; do i=$((i+1)); echo $i; echo $i > /f$((i % 20)); [ $((i % 50)) = 0 ] && sync; sleep 0.02; done';
const brief = `seq 1 3000; echo done > /done; exit ${briefStatus}`;

export class ContainerLoad {
  /** What the host did wrong. */
  readonly problems: string[] = [];
  /** Answered requests, by kind. */
  readonly answered: Record<string, number> = {};
  readonly #options: LoadOptions;
  readonly #entries: Entry[] = [];
  #stopping = false;
  #made = 0;
  #verified = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Names that may exist now. */
  get names(): string[] {
    return this.#entries.filter(({ promised }) => promised !== 'gone').map(({ name }) => name);
  }

  /** Works until {@link stop}. */
  async run(workers: number): Promise<void> {
    await Promise.all(Array.from({ length: workers }, () => this.#work()));
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Compares all that was promised with what the host says now. */
  async verify(client: HostConnection): Promise<void> {
    const before = this.#entries.filter(({ busy }) => !busy).map((entry) => ({ entry, requests: entry.requests }));
    const infos = new Map((await client.containers.list({ all: true })).map((info) => [info.name, info]));
    for (const { entry, requests } of before) {
      if (entry.busy || entry.requests !== requests) continue;
      const wrong = contradiction(entry, infos.get(entry.name));
      if (wrong) this.problems.push(`${entry.name} was ${entry.promised}: ${wrong}`);
    }
    for (const name of infos.keys()) if (!this.#entries.some((entry) => entry.name === name)) this.problems.push(`${name}: nobody asked for it`);
  }

  /** What a log has kept holds, for each run, the numbers from 1 on without a gap. */
  async checkLog(client: HostConnection, name: string): Promise<void> {
    const stream = await client.containers.logs(name);
    stream.stderr.resume();
    const texts = (await textOf(stream.stdout)).split('\n').slice(0, -1);
    await stream.status;
    const lines = texts.map(Number);
    lines.forEach((line, index) => {
      // Of a log whose oldest files are gone, the first line may be the end of one, even an empty one.
      const follows = index === 1 ? String(line - 1).endsWith(texts[0] ?? '') : line === (lines[index - 1] ?? 0) + 1;
      if (index > 0 && line !== 1 && !follows) this.problems.push(`${name}: ${line} after ${texts[index - 1]} in its log`);
    });
  }

  async #work(): Promise<void> {
    let client: HostConnection | undefined;
    while (!this.#stopping) {
      try {
        client ??= await this.#connect();
        await this.#step(client);
      } catch (error) {
        if (!isInterruption(error)) this.problems.push(String(error instanceof Error ? error.stack : error));
        client?.close();
        client = undefined;
      }
    }
    client?.close();
  }

  /** The first to meet a new host holds it to what the last one promised. */
  async #connect(): Promise<HostConnection> {
    const client = await connect({ paths: this.#options.paths, environment: this.#options.environment });
    const { pid } = await client.system.status();
    if (pid !== this.#verified) {
      this.#verified = pid;
      await this.verify(client);
    }
    return client;
  }

  async #step(client: HostConnection): Promise<void> {
    const free = this.#entries.filter(({ busy, promised }) => !busy && promised !== 'gone');
    const alive = this.#entries.filter(({ promised }) => promised !== 'gone');
    const entry = alive.length < mostContainers && (free.length === 0 || this.#options.random() < 0.25) ? this.#add() : this.#pick(free);
    if (!entry) return client.containers.list().then(() => undefined);
    const action = this.#actionFor(entry);
    entry.busy = true;
    entry.requests++;
    try {
      entry.promised = await this.#act(client, entry, action);
      this.answered[action] = (this.answered[action] ?? 0) + 1;
    } catch (error) {
      entry.promised = 'unknown';
      throw error;
    } finally {
      entry.busy = false;
    }
  }

  #add(): Entry {
    const kind = this.#options.random();
    const entry: Entry = { name: `load-${++this.#made}`, brief: kind < 0.4, removeOnExit: kind < 0.15, promised: 'unknown', busy: false, requests: 0 };
    this.#entries.push(entry);
    return entry;
  }

  #pick<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.#options.random() * items.length)];
  }

  #actionFor({ promised, requests }: Entry): string {
    if (requests === 0) return 'create';
    if (promised === 'unknown') return this.#pick(['look', 'start', 'stop', 'remove']) ?? '';
    const busy = this.#entries.filter((entry) => entry.promised === 'running').length >= mostRunning;
    if (promised === 'running') return this.#pick(busy ? ['exec', 'stop', 'remove', 'logs'] : ['exec', 'exec', 'logs', 'stop', 'remove']) ?? '';
    return this.#pick(busy ? ['remove', 'logs'] : ['start', 'start', 'start', 'remove', 'logs']) ?? '';
  }

  /** What the answer promises. */
  async #act({ containers }: HostConnection, entry: Entry, action: string): Promise<Promised> {
    const { name, promised } = entry;
    try {
      switch (action) {
        case 'create':
          await containers.create({ image: this.#options.image, name, command: ['sh', '-c', entry.brief ? brief : counting], memoryBytes: 128 * 1024 ** 2, cpus: 1, removeOnExit: entry.removeOnExit });
          return 'created';
        case 'start':
          await containers.start(name);
          return entry.brief ? 'ended' : 'running';
        case 'stop':
          await containers.stop(name, { timeoutSeconds: 0 });
          return 'stopped';
        case 'remove':
          await containers.remove(name, { force: true });
          return 'gone';
        case 'exec': {
          const stream = await containers.exec(name, { command: ['sh', '-c', 'echo $$ > /exec; sync'] });
          stream.stdout.resume();
          stream.stderr.resume();
          await stream.status;
          return promised;
        }
        case 'logs': {
          const stream = await containers.logs(name, { tail: 10 });
          stream.stdout.resume();
          stream.stderr.resume();
          await stream.status;
          return promised;
        }
        default:
          return promisedBy(entry, await containers.inspect(name));
      }
    } catch (error) {
      if (error instanceof BerthError && error.code === 'ContainerNotFound' && (promised === 'unknown' || entry.removeOnExit)) return 'gone';
      throw error;
    }
  }
}

function promisedBy(entry: Entry, { state }: ContainerInfo): Promised {
  if (state === 'created') return 'created';
  if (state === 'running') return entry.brief ? 'ended' : 'running';
  return state === 'stopped' ? 'stopped' : 'unknown';
}

function contradiction({ promised, brief: isBrief, removeOnExit }: Entry, info: ContainerInfo | undefined): string | undefined {
  if (promised === 'unknown') return undefined;
  if (promised === 'gone') return info && 'it is there';
  if (!info) return promised === 'ended' && removeOnExit ? undefined : 'it is not there';
  if (promised === 'ended') {
    if (info.state === 'running' || info.state === 'stopping') return undefined;
    return info.state === 'stopped' && info.exitCode === briefStatus && !info.error ? undefined : JSON.stringify(info);
  }
  return info.state === promised ? undefined : `${isBrief ? 'brief ' : ''}${JSON.stringify(info)}`;
}

/** What a client may hear when the host was killed under it, or in the middle of its start. */
function isInterruption(error: unknown): boolean {
  return error instanceof BerthError && (error.code === 'HostUnreachable' || error.code === 'Cancelled');
}
