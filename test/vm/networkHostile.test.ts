import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { NetworkActivity, NetworkPolicy } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { outside, startFakeInternet, whyNoNamespaces, type FakeInternet } from '../support/fakeInternet.ts';
import { arpFrame, frame, udpFrame } from '../support/frames.ts';
import { buildNetLoad } from '../support/netLoad.ts';
import { readUntil, startVmHarness, whyNoVms, type VmHarness } from '../support/vmHarness.ts';

/*
 * What a container may reach, with a guest that has all capabilities and tries what it can. netd runs in a network namespace
 * in which a few public-looking addresses are all there is; the servers there echo.
 */

const skip = whyNoVms() ?? whyNoNamespaces();
const options = { skip, timeout: 120_000 };
const port = 7000;

let directory: string;
let internet: FakeInternet;
let berth: VmHarness;
let neighbour: ContainerInfo;
let mallory: ContainerInfo;

before(async () => {
  if (skip) return;
  directory = await mkdtemp(join(tmpdir(), 'bnp-'));
  const program = buildNetLoad(directory);
  const rawFrames = join(import.meta.dirname, '../support/rawFrames.go');
  execFileSync('go', ['build', '-ldflags', '-s -w', '-o', join(directory, 'rawFrames'), rawFrames], { env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' } });
  const names = { 'allowed.example': outside.allowed, 'deep.in.wild.example': outside.other, 'other.example': outside.other, 'rebound.example': '127.0.0.1' };
  internet = await startFakeInternet(directory, process.env['BERTH_NETD'] ?? join(import.meta.dirname, '../../dist/netd/netd'), names);
  const addresses = [outside.allowed, outside.other, outside.metadata, `[${outside.six}]`, '127.0.0.1', '[::1]'];
  await Promise.all([...addresses.map((address) => internet.serve(program, 'serve', `${address}:${port}`)), internet.serve(program, 'serve', `${outside.other}:53`)]);
  berth = await startVmHarness({ BERTH_NETD: internet.netd });
  await berth.services.networks.create({ name: 'lan' });
  const common = { mounts: [{ source: directory, target: '/load', readOnly: true }], networks: [{ network: 'lan' }], privileged: true };
  [neighbour, mallory] = await Promise.all([
    berth.background({ name: 'neighbour', ...common, command: ['/load/netLoad', 'serve', `:${port}`] }),
    berth.background({ name: 'mallory', ...common }),
  ]);
}, { timeout: 180_000 });

after(async () => {
  await berth?.stop();
  await internet?.stop();
  if (directory) await rm(directory, { recursive: true });
}, { timeout: 60_000 });

const policy = (mode: NetworkPolicy['mode'], ...allow: string[]): Promise<unknown> =>
  berth.services.policies.setPolicy(mallory.id, { mode, ...(allow.length > 0 && { allow }) });

const lan = (info: ContainerInfo) => info.networks![0]!;

async function run(script: string, input?: string): Promise<{ exitCode: number; output: string }> {
  const { exitCode, stdout, stderr } = await berth.exec(mallory.id, ['sh', '-c', script], { privileged: true, ...(input !== undefined && { input }) });
  return { exitCode, output: stdout + stderr };
}

/** Which of these destinations echo, over TCP; all are tried at once. What is dropped without a word does not in ten seconds. */
async function reachable(...destinations: string[]): Promise<string[]> {
  const { output } = await run(`${destinations.map((destination) => `(timeout 10 /load/netLoad echo ${destination} 1000 > /dev/null 2>&1 && echo '${destination}') &`).join('\n')}\nwait`);
  const lines = output.split('\n');
  return destinations.filter((destination) => lines.includes(destination));
}

async function denied(): Promise<NetworkActivity[]> {
  return (await berth.services.policies.activity(mallory.id)).filter(({ verdict }) => verdict === 'denied');
}

const at = (...hosts: string[]): string[] => hosts.map((host) => `${host}:${port}`);
const everywhere = at(outside.allowed, outside.other, `[${outside.six}]`, 'allowed.example', 'neighbour', 'host.berth.internal', outside.metadata);

test('an open policy opens the outside and neighbours, but neither the host nor what hands out credentials', options, async () => {
  await policy('open');
  assert.deepEqual(await reachable(...everywhere), at(outside.allowed, outside.other, `[${outside.six}]`, 'allowed.example', 'neighbour'));
  await policy('open', 'host.berth.internal', outside.metadata);
  assert.deepEqual(await reachable(...everywhere), everywhere);
});

test('loopback in all its forms leads nowhere', options, async () => {
  await policy('open');
  // The guest's own kernel would keep these for itself: it is told to send them to the gateway.
  await run(`ip route del local 127.0.0.0/8 dev lo table local; ip route add 127.0.0.1 via ${lan(mallory).gateway}; sysctl -w net.ipv4.conf.all.route_localnet=1`);
  const forms = ['127.0.0.1', '127.0.0.2', '[::ffff:127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[::7f00:1]', '0.0.0.0', '[64:ff9b::a9fe:a9fe]', '169.254.1.1', '255.255.255.255', '224.0.0.1', lan(mallory).gateway, 'rebound.example'];
  assert.deepEqual(await reachable(...at(...forms)), []);
  await run('ip route add local 127.0.0.0/8 dev lo table local');
});

test('none, host-only and a list open what they say, in a guest that runs', options, async () => {
  await policy('none');
  assert.deepEqual(await reachable(...everywhere), []);
  assert.match((await run(`ping -c 1 -W 2 ${lan(neighbour).address}`)).output, /100% packet loss/);
  await policy('host-only');
  assert.deepEqual(await reachable(...everywhere), at('host.berth.internal'));
  await policy('allowlist', 'allowed.example', '*.wild.example:7000');
  internet.questions.length = 0;
  assert.deepEqual(await reachable(...at('other.example', 'allowed.example', 'deep.in.wild.example')), at('allowed.example', 'deep.in.wild.example'));
  assert.ok(!internet.questions.includes('other.example'), 'a name that is not listed is not even asked for');
  await policy('allowlist', '203.0.113.0/28', `neighbour:${port}`);
  assert.deepEqual(await reachable(...everywhere), at(outside.allowed, 'neighbour'));
});

test('attempts that were denied are counted and told', options, async () => {
  await policy('allowlist', 'allowed.example');
  const countOf = async (wanted: Partial<NetworkActivity>): Promise<number> =>
    (await denied()).filter((entry) => Object.entries(wanted).every(([key, value]) => entry[key as keyof NetworkActivity] === value)).reduce((sum, { count }) => sum + count, 0);
  const [tcp, dns] = [{ destination: outside.other, port, protocol: 'tcp' }, { name: 'secret.example', protocol: 'dns' }] as const;
  const before = await countOf(tcp);
  await reachable(...at(outside.other, outside.other, 'secret.example'));
  assert.equal(await countOf(tcp), before + 2);
  assert.ok((await countOf(dns)) > 0);
});

test('another name server answers only those who may reach it, over UDP and TCP', options, async () => {
  const ask = `/load/netLoad datagrams ${outside.other}:53 40 1`;
  await policy('allowlist', 'allowed.example');
  assert.notEqual((await run(`timeout 3 ${ask}`)).exitCode, 0);
  assert.deepEqual(await reachable(`${outside.other}:53`), []);
  // The network's own over TCP: two bytes of length, then the question for other.example.
  const question = '\\0\\035\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\5other\\7example\\0\\0\\1\\0\\1'.replace('\\035', '\\037');
  const overTcp = `printf '${question}' | timeout 5 nc ${lan(mallory).gateway} 53 | hexdump -v -e '/1 "%02x"'`;
  const addressInHex = Buffer.from(outside.other.split('.').map(Number)).toString('hex');
  const refused = (await run(overTcp)).output;
  assert.ok(refused.length >= 24 && !refused.includes(addressInHex), refused);
  await policy('open');
  assert.match((await run(overTcp)).output, new RegExp(addressInHex));
  assert.equal((await run(`timeout 20 ${ask}`)).exitCode, 0);
});

test('frames with false senders, of unknown kinds or past the policy reach nobody', options, async () => {
  await policy('none');
  const [own, theirs] = [lan(mallory), lan(neighbour)];
  const listener = await berth.containers.exec(neighbour.id, { command: ['/load/rawFrames', 'listen', 'eth0', 'MARK'], privileged: true });
  await readUntil(listener.stdout, /listening\n/);
  const honest = { destinationMac: theirs.mac, sourceMac: own.mac, source: own.address, destination: theirs.address };
  const hostile = [
    udpFrame({ ...honest, payload: 'MARK policy' }),
    udpFrame({ ...honest, source: own.gateway, payload: 'MARK gateway' }),
    udpFrame({ ...honest, source: '8.8.8.8', payload: 'MARK stranger' }),
    udpFrame({ ...honest, sourceMac: theirs.mac, payload: 'MARK mac' }),
    udpFrame({ ...honest, sourceMac: '5a:94:ef:e4:0c:dd', payload: 'MARK gateway mac' }),
    udpFrame({ ...honest, destinationMac: 'ff:ff:ff:ff:ff:ff', destination: '255.255.255.255', payload: 'MARK broadcast' }),
    udpFrame({ ...honest, fragment: 0x2000, payload: 'MARK first fragment' }),
    udpFrame({ ...honest, fragment: 0x0100, payload: 'MARK later fragment' }),
    udpFrame({ ...honest, payload: `MARK long${'.'.repeat(65_600)}` }),
    arpFrame(theirs.mac, own.mac, own.mac, own.gateway, 'MARK arp address'),
    arpFrame(theirs.mac, own.mac, theirs.mac, own.address, 'MARK arp mac'),
    ...[0x88cc, 0x8100, 0x0600, 0x05dc].map((type) => frame(theirs.mac, own.mac, type, Buffer.from(`MARK type ${type}`.padEnd(60)))),
  ];
  // To the gateway, for addresses that are none of the guest's business; what answers would echo.
  const gatewayMac = '5a:94:ef:e4:0c:dd';
  for (const destination of ['127.0.0.1', '0.0.0.0', outside.metadata, own.gateway, outside.allowed]) hostile.push(udpFrame({ ...honest, destinationMac: gatewayMac, destination, payload: 'MARK outward' }));
  const own2 = await berth.containers.exec(mallory.id, { command: ['/load/rawFrames', 'listen', 'eth0', 'MARK'], privileged: true });
  await readUntil(own2.stdout, /listening\n/);
  const { output } = await run('ip link set eth0 mtu 65535; /load/rawFrames send eth0', `${hostile.join('\n')}\n`);
  // Last an honest one, so that all before have been seen when it is.
  await policy('open');
  await run('/load/rawFrames send eth0', `${udpFrame({ ...honest, payload: 'MARK honest' })}\n`);
  const honestOne = new RegExp(Buffer.from('MARK honest').toString('hex'));
  const seen = await readUntil(listener.stdout, honestOne);
  const texts = seen.trim().split('\n').filter((line) => /^[0-9a-f]+$/.test(line)).map((line) => /MARK [a-z ]*/.exec(Buffer.from(line, 'hex').toString('latin1'))?.[0]);
  assert.deepEqual(texts, ['MARK honest'], output);
  // Of what came back, ICMP quotes what was sent, and the neighbour has echoed the honest one.
  const echoes = await readUntil(own2.stdout, honestOne);
  for (const [container, streams] of [[neighbour, listener], [mallory, own2]] as const) {
    await berth.exec(container.id, ['killall', 'rawFrames']);
    for (const stream of [streams.stdout, streams.stderr]) stream.resume();
    await streams.exit;
  }
  const returned = echoes.split('\n').filter((line) => line !== '').map((line) => Buffer.from(line, 'hex')).filter((bytes) => bytes.readUInt16BE(12) !== 0x0800 || bytes[23] !== 1);
  assert.deepEqual(returned.map((bytes) => /MARK.*/.exec(bytes.toString('latin1'))?.[0]), ['MARK honest']);
});

test('learning notes what was used, and a list of that is enough', options, async () => {
  await policy('learn');
  const used = at('allowed.example', 'neighbour');
  assert.deepEqual(await reachable(...used), used);
  const activity = await berth.services.policies.activity(mallory.id);
  const allow = [...new Set(activity.filter(({ verdict, protocol }) => verdict === 'allowed' && protocol === 'tcp').map((entry) => `${entry.name ?? entry.destination}:${entry.port}`))];
  assert.deepEqual(allow.toSorted(), used.toSorted(), JSON.stringify(activity));
  await policy('allowlist', ...allow);
  assert.deepEqual(await reachable(...everywhere), at(outside.allowed, 'allowed.example', 'neighbour'));
});

test('nothing that a guest sends takes the network from others', options, async () => {
  await policy('open');
  assert.deepEqual(await reachable(...at('neighbour', outside.allowed)), at('neighbour', outside.allowed));
  const { stdout } = await berth.exec(neighbour.id, ['sh', '-c', `/load/netLoad echo ${outside.allowed}:${port} 1000000 && echo fine`]);
  assert.match(stdout, /fine/);
});
