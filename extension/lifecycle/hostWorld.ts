import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { CommandWorld } from './runStages.ts';

/** What a program that is told to end gets for it, in milliseconds, before it is killed. */
const patienceMilliseconds = 5000;
/** A program may leave others behind that hold its output open; what was printed before its end comes within this. */
const lastOutputMilliseconds = 500;

/** Runs commands on this machine, in a folder, without any input. */
export function hostWorld(folder: string): CommandWorld {
  return {
    run: async ({ words, shown }, output, signal) => {
      const [file, ...argumentsOf] = words;
      // A group of its own, which can be ended as one.
      const child = spawn(file ?? '', argumentsOf, { cwd: folder, env: environment(), detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
      for (const stream of [child.stdout, child.stderr]) read(stream, output);
      const end = endWhenAborted(child, signal);
      try {
        const [code, killedBy] = await once(child, 'exit') as [number | null, NodeJS.Signals | null];
        const late = setTimeout(() => { child.stdout.destroy(); child.stderr.destroy(); }, lastOutputMilliseconds);
        await closed;
        clearTimeout(late);
        signal.throwIfAborted();
        return code ?? (killedBy === null ? 1 : 128);
      } catch (error) {
        signal.throwIfAborted();
        throw new BerthError('CommandNotFound', `“${shown}” cannot be run on this machine: ${(error as Error).message}.`, { cause: error });
      } finally {
        end.dispose();
      }
    },
  };
}

function read(stream: Readable, output: (text: string) => void): void {
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => output(text));
}

function endWhenAborted(child: ChildProcess, signal: AbortSignal): { dispose(): void } {
  let impatience: NodeJS.Timeout | undefined;
  const kill = (how: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, how);
    } catch {
      // Its group has ended.
    }
  };
  const abort = (): void => {
    kill('SIGTERM');
    impatience = setTimeout(() => kill('SIGKILL'), patienceMilliseconds);
  };
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return {
    dispose: () => {
      signal.removeEventListener('abort', abort);
      clearTimeout(impatience);
    },
  };
}

/** The user's, without what VS Code has put there for its own processes. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:ELECTRON_|VSCODE_)/.test(name)));
}
