import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { findProcesses } from '../../runtime-host/base/processes.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { ProcessStreams } from '../../runtime-host/services/interfaces.ts';
import { buildNetLoad, startNetLoad, type NetLoadServer } from '../support/netLoad.ts';
import { readUntil, startVmHarness, textOf, whyNoVms, type VmHarness } from '../support/vmHarness.ts';

/* What goes through a network arrives unchanged, at every size: netLoad makes it, sends it, gets it back and compares. */

const skip = whyNoVms();
const options = { skip, timeout: 240_000 };
const execute = promisify(execFile);
const guestPort = 7000;
/** Around one segment of the networks' MTU, and much more than any buffer. */
const streamBytes = [1, 65_447, 65_448, 65_449, 65_536, 1_000_003, 100_000_000];
/** The longest in one frame has 65492 bytes, the longest of all 65507. */
const datagramBytes = [1, 1472, 9000, 65_492, 65_493, 65_507];

let directory: string;
let program: string;
let outside: NetLoadServer;
let berth: VmHarness;
let server: ContainerInfo;
let client: ContainerInfo;
let other: ContainerInfo;

before(async () => {
  if (skip) return;
  directory = await mkdtemp(join(tmpdir(), 'bnt-'));
  program = buildNetLoad(directory);
  outside = await startNetLoad(program);
  berth = await startVmHarness();
  for (const name of ['lan', 'far']) await berth.services.networks.create({ name });
  const mounts = [{ source: directory, target: '/load', readOnly: true }];
  const policy = { mode: 'open', allow: ['host.berth.internal'] } as const;
  [server, client, other] = await Promise.all([
    berth.background({
      name: 'server', command: ['/load/netLoad', 'serve', `:${guestPort}`], mounts, networks: [{ network: 'lan' }],
      ports: [{ hostPort: 0, containerPort: guestPort, protocol: 'tcp' }, { hostPort: 0, containerPort: guestPort, protocol: 'udp' }],
    }),
    berth.background({ name: 'client', mounts, policy, networks: [{ network: 'lan' }] }),
    berth.background({ name: 'other', mounts, policy, networks: [{ network: 'far' }] }),
  ]);
  const output = await berth.containers.attach(server.id, { replay: true });
  await readUntil(output.stdout, /:7000\n/);
  output.close();
}, { timeout: 180_000 });

after(async () => {
  await berth?.stop();
  await outside?.stop();
  if (directory) await rm(directory, { recursive: true });
}, { timeout: 60_000 });

const published = (protocol: string): string => `127.0.0.1:${server.ports?.find((port) => port.protocol === protocol)?.hostPort ?? 0}`;
const host = (): string => `host.berth.internal:${outside.port}`;

async function inGuest(container: ContainerInfo, ...args: (string | number)[]): Promise<void> {
  const { exitCode, stderr } = await berth.exec(container.id, ['/load/netLoad', ...args.map(String)]);
  assert.equal(exitCode, 0, `${args.join(' ')}: ${stderr}`);
}

const onHost = (...args: (string | number)[]): Promise<unknown> => execute(program, args.map(String));

test('streams come back as they were sent: into a container, out to the host, and between containers', options, async () => {
  for (const bytes of streamBytes) {
    await onHost('echo', published('tcp'), bytes);
    await inGuest(client, 'echo', host(), bytes);
    await inGuest(client, 'echo', `server:${guestPort}`, bytes);
  }
  await inGuest(client, 'echo', `[${server.networks?.[0]?.address6 ?? ''}]:${guestPort}`, 1_000_003);
});

test('datagrams come back as they were sent, each of its own', options, async () => {
  for (const bytes of datagramBytes) {
    await onHost('datagrams', published('udp'), bytes, 20);
    await inGuest(client, 'datagrams', host(), bytes, 20);
    await inGuest(client, 'datagrams', `server:${guestPort}`, bytes, 20);
  }
});

test('when netd dies under traffic, connections through it end, those between containers go on, and other networks notice nothing', options, async () => {
  const argument = `--socket=${berth.paths.network('lan').socket}`;
  const pid = (await findProcesses([argument])).get(argument);
  assert.ok(pid);
  const start = (container: ContainerInfo, ...args: string[]): Promise<ProcessStreams> => berth.containers.exec(container.id, { command: ['/load/netLoad', ...args] });
  const between = await start(client, 'echo', `server:${guestPort}`, '100000000');
  const outward = await start(client, 'put', host(), '1000000000000');
  const elsewhere = await start(other, 'echo', host(), '100000000');
  const all = [between, outward, elsewhere];
  for (const { stdout } of all) stdout.resume();
  await Promise.all(all.map(({ stderr }) => readUntil(stderr, /connected\n/)));
  process.kill(pid, 'SIGKILL');
  const errors = await Promise.all(all.map(({ stderr }) => textOf(stderr)));
  const codes = await Promise.all(all.map(async ({ exit }) => (await exit).exitCode));
  assert.deepEqual(codes, [0, 1, 0], errors.join('\n'));
  assert.match(errors[1]!, /reset|broken pipe/);
  await onHost('echo', published('tcp'), 1_000_003);
  await inGuest(client, 'echo', host(), 1_000_003);
});
