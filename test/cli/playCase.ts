import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { CliCase, Happening } from './cliCase.ts';
import type { World } from './world.ts';

const ptyHelper = fileURLToPath(new URL('../support/runInTerminal.py', import.meta.url));
/** A script that hangs is a failure with its output, and not one without a word at the end of the test's own limit. */
const limitMilliseconds = 100_000;

/** Runs one case's script and compares what came of it with what was expected. */
export async function playCase({ docker, sh, terminal, out, error = terminal ? /(?:)/ : '', status = 0 }: CliCase, name: string, world: World): Promise<void> {
  const cwd = join(world.directory, 'cases', name);
  await mkdir(cwd, { recursive: true });
  try {
    const result = await play(sh, terminal, { cwd, env: { ...world.environment, N: name } });
    const whole = `docker: ${docker}\n$ ${sh}\nstatus ${result.status}\n--- out\n${result.out}\n--- error\n${result.error}`;
    assert.equal(result.status, status, whole);
    compare(result.error, error, whole);
    if (out !== undefined) compare(result.out, out, whole);
  } finally {
    for (const { id, name: other } of await world.client.containers.list({ all: true })) {
      // A case may remove its own while we look.
      if (other.startsWith(name)) await world.client.containers.remove(id, { force: true }).catch(() => undefined);
    }
  }
}

function compare(actual: string, expected: string | RegExp, whole: string): void {
  if (typeof expected === 'string') assert.equal(actual, expected, whole);
  else assert.match(actual, expected, whole);
}

async function play(script: string, terminal: readonly Happening[] | undefined, place: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }): Promise<{ status: number | null; out: string; error: string }> {
  const [program, ...words] = terminal ? ['python3', ptyHelper, '100', '30', 'sh', '-c', script] as const : ['sh', '-c', script] as const;
  // A group of its own, so that a limit ends the whole pipeline.
  const child = spawn(program, words, { ...place, detached: true, stdio: [terminal ? 'pipe' : 'ignore', 'pipe', 'pipe', ...(terminal ? ['pipe' as const] : [])] });
  const screen = new Screen(child.stdout!);
  let error = '';
  child.stderr!.on('data', (chunk: Buffer) => { error += chunk.toString(); });
  const limit = setTimeout(() => {
    error += '\n(It was ended because it took too long.)';
    process.kill(-child.pid!, 'SIGKILL');
  }, limitMilliseconds);
  const ended = once(child, 'close') as Promise<[number | null]>;
  try {
    if (terminal) await act(terminal, screen, child.stdin!, child.stdio[3] as Writable, ended);
    const [status] = await ended;
    return { status, out: screen.text, error };
  } finally {
    clearTimeout(limit);
  }
}

async function act(happenings: readonly Happening[], screen: Screen, keys: Writable, sizes: Writable, ended: Promise<unknown>): Promise<void> {
  keys.on('error', () => undefined);
  for (const happening of happenings) {
    if ('types' in happening) keys.write(happening.types);
    else if ('resizes' in happening) sizes.write(`${happening.resizes.join(' ')}\n`);
    else await Promise.race([screen.shows(happening.shows), ended.then(() => assert.ok(screen.takes(happening.shows), `It ended without showing ${happening.shows}:\n${screen.text}`))]);
  }
}

/** What a process has printed; a pattern is looked for behind what the one before it matched. */
class Screen {
  readonly #source: Readable;
  text = '';
  #seen = 0;

  constructor(source: Readable) {
    this.#source = source;
    source.on('data', (chunk: Buffer) => { this.text += chunk.toString('latin1'); });
  }

  takes(pattern: RegExp): boolean {
    const match = pattern.exec(this.text.slice(this.#seen));
    if (match) this.#seen += match.index + match[0].length;
    return match !== null;
  }

  async shows(pattern: RegExp): Promise<void> {
    while (!this.takes(pattern)) await once(this.#source, 'data');
  }
}
