import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findQemu, hostArchitecture } from '../../runtime-host/vm/qemu.ts';
import { buildNetLoad, netLoadLayer, startNetLoad } from '../support/netLoad.ts';
import type { BenchOptions, Figures } from './main.ts';
import { median, startScratchBerth } from './scratchBerth.ts';
import type { ScratchBerth } from './scratchBerth.ts';

const execute = promisify(execFile);
const guestPort = 7000;
const subnet = { range: '192.168.219.0/24', host: '192.168.219.254', container: '192.168.219.2' };
/** Seconds of each measurement of requests, connections at once, and bytes of an answer. */
const requests = ['2', '4', '16384'];

/** A container with netLoad's servers, and how the host and it reach each other. */
interface Side {
  readonly container: string;
  readonly port: number;
  readonly berth: ScratchBerth;
}

interface Round {
  readonly out: number;
  readonly in: number;
  readonly requests: number;
}

/**
 * A container's network against QEMU's own (`-netdev user`) under the same kernel, image and programs, in interleaved
 * rounds, medians: bytes that the container sends to the host (`outMBps`, `ratioOut`) and that the host sends to a
 * published port (`inMBps`, `ratioIn`); requests to a published port, four connections at once, 16 KiB each answer
 * (`requestsPerSecond`, `ratioRequests`); and milliseconds from the first connection ever to a published port until the
 * container's answer (`firstConnectMs`, median over restarts).
 */
export default async function net({ runs = 5, megabytes = 200 }: BenchOptions): Promise<Figures> {
  const directory = await mkdtemp(join(tmpdir(), 'bn-'));
  const program = buildNetLoad(directory);
  const server = await startNetLoad(program);
  const port = await freePort();
  const layers = [netLoadLayer(program)];
  const berths: ScratchBerth[] = [];
  try {
    berths.push(await startScratchBerth({ layers }));
    berths.push(await startScratchBerth({ layers, environment: { BERTH_QEMU: await writeSlirpQemu(directory, port) } }));
    const ours = await startSide(berths[0]!);
    const slirp = { ...(await startSide(berths[1]!)), port };
    // Beyond 1500 bytes QEMU's own network has nothing to offer.
    await slirp.berth.container('exec', '--privileged', slirp.container, 'ip', 'link', 'set', 'eth0', 'mtu', '1500');
    const firstConnectMs = median(await firstConnections(ours, runs));
    const [our, their]: Round[][] = [[], []];
    for (let run = 0; run <= runs; run += 1) {
      const amount = run === 0 ? megabytes / 10 : megabytes;
      const round = [await measure(ours, program, server.port, amount), await measure(slirp, program, server.port, amount / 2)] as const;
      // The first of each does not count.
      if (run > 0) [our, their].forEach((list, index) => list!.push(round[index]!));
    }
    const figure = (list: Round[] | undefined, name: keyof Round): number => median(list!.map((round) => round[name]));
    const ratio = (name: keyof Round): number => figure(our, name) / figure(their, name);
    return {
      ...{ ratioOut: ratio('out'), ratioIn: ratio('in'), requestsPerSecond: figure(our, 'requests'), firstConnectMs, ratioRequests: ratio('requests') },
      ...{ outMBps: figure(our, 'out'), inMBps: figure(our, 'in') },
      ...{ slirpOutMBps: figure(their, 'out'), slirpInMBps: figure(their, 'in'), slirpRequestsPerSecond: figure(their, 'requests') },
    };
  } finally {
    for (const berth of berths) await berth.dispose();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** A QEMU that puts the first network device on its own user-mode network; Berth's is there, with nobody on it. */
async function writeSlirpQemu(directory: string, port: number): Promise<string> {
  const path = join(directory, 'qemu');
  const qemu = await findQemu(hostArchitecture());
  const user = `user,id=slirp,net=${subnet.range},host=${subnet.host},dns=192.168.219.253,hostfwd=tcp:127.0.0.1:${port}-${subnet.container}:${guestPort}`;
  await writeFile(path, `#!/bin/sh
network=
for word; do
  shift
  case "$word" in virtio-net-device,netdev=net0,*) network=yes; word=$(echo "$word" | sed 's/netdev=net0/netdev=slirp/; s/,host_mtu=[0-9]*//');; esac
  set -- "$@" "$word"
done
[ -z "$network" ] || set -- "$@" -netdev '${user}'
exec ${qemu} "$@"
`, { mode: 0o755 });
  return path;
}

async function startSide(berth: ScratchBerth): Promise<Side> {
  await berth.container('network', 'create', '--subnet', subnet.range, 'bench');
  const port = await freePort();
  const network = ['--network', `bench,ip=${subnet.container}`, '--allow', 'host.berth.internal', '-p', `127.0.0.1:${port}:${guestPort}`];
  const container = (await berth.container('run', '-d', ...network, berth.image, 'netLoad', 'serve', `0.0.0.0:${guestPort}`)).trim();
  await serves(berth, container);
  return { berth, container, port };
}

/** Waits, inside the container so that nothing has connected yet, until it listens. */
async function serves(berth: ScratchBerth, container: string): Promise<void> {
  await berth.container('exec', container, 'sh', '-c', `until netstat -ltn | grep -q :${guestPort}; do usleep 20000; done`);
}

/** Milliseconds. */
async function firstConnections({ berth, container, port }: Side, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    if (index > 0) await berth.container('restart', '--time', '0', container);
    await serves(berth, container);
    const started = performance.now();
    const socket = connect(port, '127.0.0.1').end('source 1\n');
    await once(socket, 'data');
    times.push(performance.now() - started);
    socket.destroy();
  }
  return times;
}

/** Megabytes and requests a second. */
async function measure({ berth, container, port }: Side, program: string, hostPort: number, megabytes: number): Promise<Round> {
  const bytes = String(megabytes * 1e6);
  const out = megabytes / Number(await berth.container('exec', container, 'netLoad', 'put', `${subnet.host}:${hostPort}`, bytes));
  const onHost = async (...args: string[]): Promise<number> => Number((await execute(program, args)).stdout);
  const into = megabytes / (await onHost('put', `127.0.0.1:${port}`, bytes));
  return { out, in: into, requests: await onHost('ask', `127.0.0.1:${port}`, ...requests) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
