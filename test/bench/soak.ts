import { readdir } from 'node:fs/promises';
import type { HostConnection } from '../../runtime-host/client/index.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import type { BenchOptions, Figures } from './main.ts';
import { countProcesses, openDescriptors, residentMiB } from './processFigures.ts';
import { startScratchBerth } from './scratchBerth.ts';
import type { ScratchBerth } from './scratchBerth.ts';

/** Rounds before anything is compared: caches and compiled code are there then. */
const warmUpRounds = 2;
/** What the host's memory may move by without being a leak: its collector leaves that much room. */
const tolerableMiB = 48;

interface Holdings {
  readonly processes: number;
  readonly sockets: number;
  readonly files: number;
  readonly descriptors: number;
  readonly memoryMiB: number;
}

/**
 * Containers started, used and removed, all at once and again and again. `leaks` is how many processes, sockets, files
 * and descriptors there are more in the end than after the first rounds, and MiB of the host beyond the tolerable.
 */
export default async function soak({ minutes = 10, containers = 20 }: BenchOptions): Promise<Figures> {
  const berth = await startScratchBerth();
  try {
    const client = await berth.connect();
    try {
      const { pid } = await client.system.status();
      for (let round = 0; round < warmUpRounds; round += 1) await playRound(berth, client, containers);
      const before = await holdings(berth, pid);
      const end = performance.now() + minutes * 60_000;
      let rounds = 0;
      do {
        await playRound(berth, client, containers);
        rounds += 1;
      } while (performance.now() < end);
      return compare(before, await holdings(berth, pid), rounds, rounds * containers);
    } finally {
      client.close();
    }
  } finally {
    await berth.dispose();
  }
}

function compare(before: Holdings, after: Holdings, rounds: number, ran: number): Figures {
  const grown = (key: keyof Holdings): number => Math.max(0, after[key] - before[key]);
  const growthMiB = after.memoryMiB - before.memoryMiB;
  const [processes, sockets, files, descriptors] = [grown('processes'), grown('sockets'), grown('files'), grown('descriptors')];
  return {
    leaks: processes + sockets + files + descriptors + Math.max(0, Math.ceil(growthMiB - tolerableMiB)),
    rounds, containersRun: ran, processes, sockets, files, descriptors, growthMiB, hostMiB: after.memoryMiB,
  };
}

async function playRound(berth: ScratchBerth, client: HostConnection, count: number): Promise<void> {
  const lives = await Promise.allSettled(Array.from({ length: count }, (_, index) => (index % 5 === 0 ? liveByCommand(berth) : live(berth, client, index))));
  const failure = lives.find((life) => life.status === 'rejected');
  if (failure) throw failure.reason;
}

/** One container's life over the typed client. */
async function live({ image }: ScratchBerth, { containers }: HostConnection, index: number): Promise<void> {
  const { id } = await containers.create({ image, memoryBytes: 128 * 1024 ** 2, cpus: 1, command: ['sh', '-c', 'echo begun; trap "exit 0" TERM; while :; do sleep 0.2; done'] });
  await containers.start(id);
  for (let turn = 0; turn < 3; turn += 1) {
    const stream = await containers.exec(id, { command: ['sh', '-c', 'cat > /root/f; wc -c < /root/f; rm /root/f'], stdin: true });
    stream.stdin.end(Buffer.alloc(200_000));
    stream.stderr.resume();
    const answer = await textOf(stream.stdout);
    if ((await stream.status).exitCode !== 0 || answer !== '200000\n') throw new Error(`The process in ${id} answered ${JSON.stringify(answer)}.`);
    stream.close();
  }
  const log = await containers.logs(id);
  log.stderr.resume();
  if ((await textOf(log.stdout)) !== 'begun\n') throw new Error(`The log of ${id} is not as it should be.`);
  log.close();
  if (index % 2 === 0) await containers.stop(id);
  await containers.remove(id, { force: true });
}

/** The same as a shell does it; the container removes itself. */
async function liveByCommand({ container, image }: ScratchBerth): Promise<void> {
  const answer = await container('run', '--rm', '-m', '128m', image, 'sh', '-c', 'seq 2000 | tail -1');
  if (answer !== '2000\n') throw new Error(`A container answered ${JSON.stringify(answer)}.`);
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** What this Berth holds, with no container there. */
async function holdings({ environment }: ScratchBerth, pid: number): Promise<Holdings> {
  const paths = new BerthPaths(environment);
  const list = async (directory: string): Promise<string[]> => (await readdir(directory, { recursive: true })).filter((name) => !name.startsWith('compile-cache'));
  return {
    processes: countProcesses(paths.home),
    sockets: (await list(paths.runtime)).length,
    files: (await list(paths.home)).length,
    descriptors: openDescriptors(pid),
    memoryMiB: residentMiB(pid),
  };
}
