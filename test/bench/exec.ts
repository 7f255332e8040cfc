import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { HostConnection } from '../../runtime-host/client/index.ts';
import type { BenchOptions, Figures } from './main.ts';
import { median, startScratchBerth, timeCommand } from './scratchBerth.ts';
import type { ScratchBerth } from './scratchBerth.ts';

/**
 * A further process in a running container: milliseconds of `container exec C true` (`execMs`), against a start of Node
 * alone (`nodeMs`) and the same over an open typed client (`clientExecMs`), medians of interleaved runs; megabytes a second
 * of a pipe through `container exec -i C cat`, in and out at once (`pipeMBps`).
 */
export default async function exec({ runs = 15, megabytes = 1000 }: BenchOptions): Promise<Figures> {
  const berth = await startScratchBerth();
  try {
    const id = (await berth.container('run', '-d', berth.image, 'sleep', '1000000')).trim();
    const client = await berth.connect();
    try {
      const [command, node, typed]: number[][] = [[], [], []];
      for (let run = 0; run <= runs; run += 1) {
        const times = [await berth.timeContainer('exec', id, 'true'), await timeCommand(process.execPath, ['-e', '0']), await timeTyped(client, id)] as const;
        // The first of each does not count.
        if (run > 0) [command, node, typed].forEach((list, index) => list!.push(times[index]!));
      }
      const pipeMBps = megabytes / (await timePipe(berth, id, megabytes));
      return { execMs: 1000 * median(command!), nodeMs: 1000 * median(node!), clientExecMs: 1000 * median(typed!), pipeMBps };
    } finally {
      client.close();
    }
  } finally {
    await berth.dispose();
  }
}

async function timeTyped(client: HostConnection, id: string): Promise<number> {
  const started = performance.now();
  const stream = await client.containers.exec(id, { command: ['true'] });
  for (const output of [stream.stdout, stream.stderr]) output.resume();
  const { exitCode } = await stream.status;
  stream.close();
  if (exitCode !== 0) throw new Error(`true ended with ${exitCode}.`);
  return (performance.now() - started) / 1000;
}

/** Seconds; what comes back is counted by a process of its own, as everything in the pipe is one. */
async function timePipe({ cli, environment }: ScratchBerth, id: string, megabytes: number): Promise<number> {
  const started = performance.now();
  const script = 'head -c "$1" /dev/zero | "$2" "$3" exec -i "$4" cat | wc -c';
  const child = spawn('sh', ['-c', script, 'sh', String(megabytes * 1e6), process.execPath, cli, id], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  let counted = '';
  child.stdout.on('data', (chunk: Buffer) => { counted += chunk.toString(); });
  await once(child, 'close');
  if (Number(counted) !== megabytes * 1e6) throw new Error(`${counted.trim()} bytes came back instead of ${megabytes * 1e6}.`);
  return (performance.now() - started) / 1000;
}
