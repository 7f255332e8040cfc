import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { HostStream } from '../../runtime-host/client/index.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ContainerInfo, ExecOptions } from '../../runtime-host/protocol/types.ts';
import { claimScript, doneScript, groupScript, markerDirectory } from './markers.ts';
import type { Claim, StageWorld } from './runStages.ts';
import type { Stage, StageName } from './stages.ts';

/** What is needed of a connection to the runtime host. */
export interface Execs {
  exec(container: string, process: ExecOptions, options?: { readonly signal?: AbortSignal }): Promise<HostStream>;
}

export interface ContainerWorldOptions {
  readonly execs: Execs;
  readonly container: ContainerInfo;
  /** How the user's programs are started there. */
  readonly optionsOf: (command: readonly string[]) => Promise<ExecOptions>;
  /** Told when a stage is being run by somebody else. */
  readonly onWaiting: (stage: Stage) => void;
}

/** What has been run in a container in an earlier opening. */
export interface Past {
  /** The run of its machine. */
  readonly boot: string;
  readonly done: ReadonlySet<string>;
}

/** Runs lifecycle commands in a container, and remembers there which have been run. */
export class ContainerWorld implements StageWorld {
  readonly #options: ContainerWorldOptions;

  constructor(options: ContainerWorldOptions) {
    this.#options = options;
  }

  async past(stages: readonly Stage[], signal: AbortSignal): Promise<Past> {
    const asked = stages.flatMap(({ name, once }) => (once ? [name, once] : []));
    const stream = await this.#asRoot(doneScript, [markerDirectory, ...asked], signal);
    const lines = (await textOf(stream.stdout)).split('\n').map((line) => line.split(' '));
    await stream.status;
    const valuesOf = (wanted: string): string[] => lines.filter(([kind]) => kind === wanted).map(([, value = '']) => value);
    return { boot: valuesOf('boot')[0] ?? '', done: new Set(valuesOf('done')) };
  }

  async claim(stage: Stage, signal: AbortSignal): Promise<Claim | undefined> {
    const stream = await this.#asRoot(claimScript, [markerDirectory, stage.name, stage.once ?? ''], signal);
    const giveUp = (): void => stream.close();
    signal.addEventListener('abort', giveUp, { once: true });
    const said = createInterface({ input: stream.stdout })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { value, done } = await said.next() as IteratorResult<string, undefined>;
        signal.throwIfAborted();
        if (done) throw await this.#unwritable(stage.name, stream);
        if (value === 'waiting') this.#options.onWaiting(stage);
        if (value === 'done') return undefined;
        if (value === 'mine') return { succeeded: () => this.#succeeded(stage.name, stream, said), giveUp };
      }
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async run({ words }: { readonly words: readonly string[] }, output: (text: string) => void, signal: AbortSignal): Promise<number> {
    const options = await this.#options.optionsOf(['/bin/sh', '-c', groupScript, 'sh', ...words]);
    const stream = await this.#options.execs.exec(this.#options.container.id, options, { signal });
    const hangUp = (): void => stream.close();
    signal.addEventListener('abort', hangUp, { once: true });
    try {
      if (signal.aborted) hangUp();
      const [{ exitCode }] = await Promise.all([stream.status, read(stream.stdout, output), read(stream.stderr, output)]);
      return exitCode ?? 1;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', hangUp);
    }
  }

  #asRoot(script: string, words: readonly string[], signal: AbortSignal): Promise<HostStream> {
    const { execs, container } = this.#options;
    return execs.exec(container.id, { command: ['/bin/sh', '-c', script, 'sh', ...words], user: '0:0', workingDirectory: '/', stdin: true, hangUp: true }, { signal });
  }

  async #succeeded(stage: StageName, stream: HostStream, said: AsyncIterator<string>): Promise<void> {
    stream.stdin.end('succeeded\n');
    const { value } = await said.next() as IteratorResult<string, undefined>;
    if (value !== 'noted') throw await this.#unwritable(stage, stream);
  }

  async #unwritable(stage: StageName, stream: HostStream): Promise<BerthError> {
    await stream.status; // Rejects with what has happened to the connection, or to the container.
    return new BerthError('GuestFailed', `That “${stage}” has been run cannot be noted in “${this.#options.container.name}”: ${markerDirectory} cannot be written. Let its root file system be written to.`);
  }
}

async function read(stream: Readable, output: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream as AsyncIterable<Uint8Array>) output(decoder.decode(chunk, { stream: true }));
  const rest = decoder.decode();
  if (rest !== '') output(rest);
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  await read(stream, (part) => { text += part; });
  return text;
}

