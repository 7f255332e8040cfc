import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { BerthError } from '../../protocol/errors.ts';
import type { Mount } from '../../protocol/types.ts';
import type { Owner } from '../specification/shareOwner.ts';

/** Of what it says the end is kept. */
const keptBytes = 4096;

/** A process that serves one directory to whoever has its other end. It ends with this process, whatever ends that. */
export class ShareHelper {
  /** Settles when it is gone. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #source: string;
  #words = '';

  /** @throws BerthError FolderInvalid when the program cannot be started */
  static async start(program: string, mount: Pick<Mount, 'source' | 'readOnly'>, owner: Owner): Promise<ShareHelper> {
    const parameters = [`--root=${mount.source}`, ...(mount.readOnly ? ['--read-only'] : []), `--uid=${owner.uid}`, `--gid=${owner.gid}`];
    const child = spawn(program, parameters, { cwd: '/', env: { LANG: 'C.UTF-8' }, stdio: ['pipe', 'pipe', 'pipe'] });
    const helper = new ShareHelper(child, mount.source);
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new BerthError('FolderInvalid', `The folder ${mount.source} cannot be shared: ${program} does not start.`, { cause: error, data: { path: mount.source } });
    }
    return helper;
  }

  private constructor(child: ChildProcess, source: string) {
    this.#child = child;
    this.#source = source;
    this.ended = new Promise((resolve) => child.once('close', () => resolve()));
    child.on('error', () => undefined); // One that did not start has told; a signal to one that has ended is no failure.
    for (const stream of [child.stdin, child.stdout]) stream?.on('error', () => undefined); // Its end says it all.
    child.stderr?.on('data', (data: Buffer) => (this.#words = (this.#words + data.toString()).slice(-keptBytes)));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** From now on the other end of the stream gets what this serves. */
  serve(stream: Duplex): void {
    const { stdin, stdout } = this.#child;
    if (!stdin || !stdout) return;
    stream.pipe(stdin);
    // Whoever ends the stream decides how.
    stdout.pipe(stream, { end: false });
  }

  /** Nothing is served any more: at once, and whatever the other end does. */
  async kill(): Promise<void> {
    this.#child.stdout?.unpipe();
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  /** Why it has ended. */
  get reason(): BerthError {
    return new BerthError('FolderInvalid', `The folder ${this.#source} is not shared any more: ${lastWords(this.#words) ?? 'its server ended'}.`, { data: { path: this.#source } });
  }
}

/** What it logged last as an error. */
function lastWords(text: string): string | undefined {
  for (const line of text.trimEnd().split('\n').reverse()) {
    try {
      const { error } = JSON.parse(line) as { readonly error?: unknown };
      if (typeof error === 'string') return error;
    } catch {
      // Such as Go's own words; a part of a line.
    }
  }
  return undefined;
}
