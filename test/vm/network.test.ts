import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { findProcesses } from '../../runtime-host/base/processes.ts';
import type { PublishedPort } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { readUntil, startVmHarness, textOf, whyNoVms, type VmHarness } from '../support/vmHarness.ts';

/* Containers in networks, with netd as it is. Three machines for all of it. */

const skip = whyNoVms();
const options = { skip, timeout: 120_000 };
const tcp = (containerPort: number): PublishedPort => ({ hostPort: 0, containerPort, protocol: 'tcp' });

let berth: VmHarness;
let programs: string | undefined;
let web: ContainerInfo;
let client: ContainerInfo;
let stranger: ContainerInfo;

before(async () => {
  if (skip) return;
  berth = await startVmHarness();
  programs = await mkdtemp(join(tmpdir(), 'berth-peer-'));
  execFileSync('go', ['build', '-ldflags', '-s -w', '-o', join(programs, 'peer'), join(import.meta.dirname, '../support/guestPeer.go')], { env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' } });
  for (const name of ['lan', 'far']) await berth.services.networks.create({ name });
  const serve = 'mkdir /www; echo hello > /www/index.html; httpd -p 80 -h /www; /peer/peer mirror udp :9 & exec /peer/peer echo tcp :7';
  [web, client, stranger] = await Promise.all([
    berth.background({
      name: 'web', command: ['sh', '-c', serve], mounts: [{ source: programs, target: '/peer', readOnly: true }], networks: [{ network: 'lan', aliases: ['www'] }],
      ports: [tcp(80), tcp(7), { hostPort: 0, containerPort: 9, protocol: 'udp' }],
    }),
    berth.background({ name: 'client', networks: [{ network: 'lan' }] }),
    berth.background({ name: 'stranger', networks: [{ network: 'far' }] }),
  ]);
  const output = await berth.containers.attach(web.id, { replay: true });
  await readUntil(output.stdout, /listening\nlistening/);
  output.close();
}, { timeout: 180_000 });

after(async () => {
  await berth?.stop();
  if (programs) await rm(programs, { recursive: true });
}, { timeout: 60_000 });

const sh = async (container: ContainerInfo, script: string): Promise<string> => {
  const { stdout, stderr, exitCode } = await berth.exec(container.id, ['sh', '-c', script]);
  return exitCode === 0 ? stdout : `${exitCode}: ${stdout}${stderr}`;
};
const request = (host: string): string => `printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | nc -w 20 ${host} 80 | tail -n 1`;
const fetchFrom = (container: ContainerInfo, host: string): Promise<string> => sh(container, request(host));

async function published(info: ContainerInfo, containerPort: number): Promise<string> {
  const port = info.ports?.find((one) => one.containerPort === containerPort);
  const socket = connect(port?.hostPort ?? 0, port?.hostAddress ?? '127.0.0.1');
  socket.end('GET / HTTP/1.0\r\n\r\n');
  return textOf(socket);
}

const addressOf = (info: ContainerInfo): string => info.networks?.[0]?.address ?? '';

test('containers of one network reach each other, and nobody of another one', options, async () => {
  assert.equal(await fetchFrom(client, addressOf(web)), 'hello\n');
  assert.equal(await fetchFrom(client, web.networks?.[0]?.address6 ?? ''), 'hello\n');
  assert.match(await sh(client, `ping -c 1 -W 5 ${addressOf(web)}`), /1 packets received/);
  assert.doesNotMatch(await sh(stranger, `nc -w 2 ${addressOf(web)} 80 < /dev/null`), /hello/);
  assert.match(await sh(stranger, `ping -c 1 -W 1 ${addressOf(web)}`), /^1:/);
  const { stdout } = await berth.run(['sh', '-c', 'ip -o link | cut -d: -f2; ip route; [ -e /etc/resolv.conf ] && echo it has been written'], { networks: [], resolver: { disabled: true } });
  assert.equal(stdout.trim(), 'lo');
});

test('containers find each other by name, alias and host name, also in their further networks', options, async () => {
  for (const name of ['web', 'www', 'WEB.berth.internal', web.id.slice(0, 12)]) assert.equal(await fetchFrom(client, name), 'hello\n', name);
  assert.match(await sh(stranger, 'nslookup web'), /^1:/);
  const { stdout } = await berth.run(['sh', '-c', `cat /etc/resolv.conf /proc/net/dev; ${request('www')}; nslookup stranger`], { networks: [{ network: 'far' }, { network: 'lan' }], extraHosts: [{ name: 'db', address: '10.9.9.9' }] });
  assert.match(stdout, /eth0:(.*\n)*.*eth1:/);
  assert.match(stdout, /\nhello\n/);
  assert.match(stdout, new RegExp(`Name:\\s+stranger\\nAddress:\\s+${addressOf(stranger)}`));
});

test('a policy takes effect at once, and what it denies is counted, also over another start', options, async () => {
  const { policies } = berth.services;
  const changed = await policies.setPolicy(client.id, { mode: 'none' });
  assert.deepEqual(changed.policy, { mode: 'none' });
  assert.equal(await sh(client, `nc -w 2 ${addressOf(web)} 80 < /dev/null || echo denied`), 'denied\n');
  await policies.setPolicy(client.id, { mode: 'allowlist', allow: ['web:80'] });
  assert.equal(await fetchFrom(client, addressOf(web)), 'hello\n');
  await policies.setPolicy(client.id, { mode: 'open' });
  await berth.containers.restart(client.id, { timeoutSeconds: 0 });
  const denied = (await policies.activity(client.id)).filter(({ verdict }) => verdict === 'denied');
  assert.ok(denied.some(({ destination, port, protocol, count }) => destination === addressOf(web) && port === 80 && protocol === 'tcp' && count > 0), JSON.stringify(denied));
  assert.ok(((await berth.containers.inspect(client.id)).deniedConnections ?? 0) > 0);
});

test('a published port leads to the container, over TCP and UDP', options, async () => {
  assert.match(await published(web, 80), /hello\n$/);
  const portOf = (protocol: string): number => web.ports?.find((port) => port.protocol === protocol && port.containerPort !== 80)?.hostPort ?? 0;
  const stream = connect({ port: portOf('tcp'), host: '127.0.0.1', allowHalfOpen: true });
  const sent = randomBytes(2 * 1024 * 1024);
  stream.end(sent);
  const received = await buffer(stream);
  assert.ok(received.equals(sent), `${received.length} bytes`);
  const socket = createSocket('udp4');
  try {
    socket.send('datagram', portOf('udp'), '127.0.0.1');
    const [message] = (await once(socket, 'message')) as [Buffer];
    assert.equal(message.toString(), 'datagram');
  } finally {
    socket.close();
  }
});

test('a port that is taken is refused before anything boots, and says who has it', options, async () => {
  const [port] = web.ports ?? [];
  const { id } = await berth.create({ name: 'second', networks: [{ network: 'far' }], ports: [{ ...port!, containerPort: 1 }] });
  await assert.rejects(berth.containers.start(id), { code: 'PortInUse', message: new RegExp(`${port?.hostPort}/tcp.*container “web” has it`) });
  assert.equal((await berth.containers.inspect(id)).state, 'created');
  await berth.containers.remove(id);
});

test('a netd that is killed under traffic is started again, and everything works as before', options, async () => {
  const argument = `--socket=${berth.paths.network('lan').socket}`;
  const before = (await findProcesses([argument])).get(argument);
  assert.ok(before);
  const traffic = await berth.containers.exec(client.id, { command: ['sh', '-c', `i=0; while [ $i -lt 40 ]; do ${request(addressOf(web))}; i=$((i + 1)); done`] });
  await readUntil(traffic.stdout, /hello\nhello\n/);
  process.kill(before, 'SIGKILL');
  assert.equal(await textOf(traffic.stdout), 'hello\n'.repeat(38), 'a switch that comes back soon is not even noticed');
  assert.match(await published(web, 80), /hello\n$/, 'on the same port of the host');
  const now = (await findProcesses([argument])).get(argument);
  assert.ok(now && now !== before);
});

test('a new host finds the networks as they are, and a renamed container keeps its address', options, async () => {
  await berth.containers.dispose();
  const host = await berth.otherHost();
  try {
    const found = await host.inspect(web.id);
    assert.deepEqual([found.networks, found.ports], [web.networks, web.ports]);
    assert.equal((await host.rename(web.id, 'site')).name, 'site');
    await host.stop(client.id, { timeoutSeconds: 0 });
    const again = await host.start(client.id);
    assert.deepEqual(again.networks, client.networks, 'also over a restart of the container');
    const streams = await host.exec(client.id, { command: ['sh', '-c', request('site')] });
    assert.equal(await textOf(streams.stdout), 'hello\n', 'by its new name');
    assert.match(await published(found, 80), /hello\n$/);
    for (const { id } of [web, client, stranger]) await host.remove(id, { force: true });
  } finally {
    await host.dispose();
  }
});
