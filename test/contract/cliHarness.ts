import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scratchBerth } from './rpcHarness.ts';
import type { ScratchBerth } from './rpcHarness.ts';

const cliPath = fileURLToPath(new URL('../../runtime-host/cli/main.ts', import.meta.url));

export interface Result {
  readonly status: number | null;
  readonly out: string;
  readonly error: string;
}

/** A process of the CLI, with what it has printed so far. */
export interface CliProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly result: Promise<Result>;
  /** Settles when standard output holds the text. */
  printed(text: string): Promise<void>;
}

export interface CliBerth extends ScratchBerth {
  spawn(...words: string[]): CliProcess;
  /** Runs a command to its end, with this input. */
  run(words: readonly string[], input?: string | Buffer): Promise<Result>;
}

/** A Berth of its own with the command line for it. The host is that of the harness unless `hostPath` starts another. */
export async function cliBerth(t: TestContext, extra: NodeJS.ProcessEnv = {}): Promise<CliBerth> {
  const berth = await scratchBerth(t, extra);
  const start = (words: readonly string[]): CliProcess => spawnCli(words, berth.environment);
  return {
    ...berth,
    spawn: (...words) => start(words),
    run: async (words, input = '') => {
      const { child, result } = start(words);
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
      return result;
    },
  };
}

function spawnCli(words: readonly string[], env: NodeJS.ProcessEnv): CliProcess {
  const child = spawn(process.execPath, [cliPath, ...words], { env });
  const [out, error]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => error.push(chunk));
  const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString();
  return {
    child,
    result: once(child, 'close').then(([status]: unknown[]) => ({ status: status as number | null, out: text(out), error: text(error) })),
    printed: async (wanted) => {
      while (!text(out).includes(wanted)) await Promise.race([once(child.stdout, 'data'), once(child, 'close').then(() => { throw new Error(`It ended without printing ${wanted}: ${text(error)}`); })]);
    },
  };
}
