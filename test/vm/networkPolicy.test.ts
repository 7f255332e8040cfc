import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, test } from 'node:test';
import type { NetworkActivity } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { startVmHarness, whyNoVms, type VmHarness } from '../support/vmHarness.ts';

/* A guest that tries to get around its policy, as root. One machine for all of it; nothing that it tries leaves this one. */

const skip = whyNoVms();
const options = { skip, timeout: 120_000 };

let berth: VmHarness;
let guest: ContainerInfo;
const servers: Server[] = [];
let listed: number;
let unlisted: number;

/** A server on all addresses of the host, which says hello. */
async function listen(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined).end('hello\n')).listen(0, '::');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

before(async () => {
  if (skip) return;
  berth = await startVmHarness();
  [listed, unlisted] = await Promise.all([listen(), listen()]);
  guest = await berth.background({ name: 'guest', privileged: true, policy: { mode: 'allowlist', allow: [`host.berth.internal:${listed}`, 'listed.example:443'] } });
}, { timeout: 180_000 });

after(async () => {
  for (const server of servers) server.close();
  await berth?.stop();
}, { timeout: 60_000 });

const sh = async (script: string): Promise<string> => {
  const { stdout, stderr } = await berth.exec(guest.id, ['sh', '-c', script]);
  return stdout + stderr;
};
const reach = (host: string, port: number): string => `timeout 10 nc -w 8 ${host} ${port} < /dev/null 2>/dev/null || echo denied`;
type Denied = Partial<Pick<NetworkActivity, 'destination' | 'port' | 'protocol' | 'name'>>;

/** All of these were denied until now. */
async function wasDenied(...wanted: readonly Denied[]): Promise<void> {
  const denied = (await berth.services.policies.activity(guest.id)).filter(({ verdict }) => verdict === 'denied');
  const isThere = (one: Denied): boolean => denied.some((entry) => Object.entries(one).every(([key, value]) => entry[key as keyof Denied] === value));
  assert.deepEqual(wanted.filter((one) => !isThere(one)), [], JSON.stringify(denied));
}

test('what is listed of the host is reached, by name and over both families, and nothing else of it', options, async () => {
  const { hostAddress, hostAddress6, gateway } = await berth.services.networks.inspect('default');
  for (const host of ['host.berth.internal', 'host.docker.internal', hostAddress, hostAddress6 ?? hostAddress]) {
    assert.equal(await sh(reach(host, listed)), 'hello\n', host);
    assert.match(await sh(reach(host, unlisted)), /denied\n$/, host);
  }
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []).filter(({ internal, family }) => !internal && family === 'IPv4');
  for (const host of [gateway, ...own.map(({ address }) => address)]) assert.match(await sh(reach(host, listed)), /denied\n$/, host);
});

test('raw addresses, other name servers and the metadata are refused and counted', options, async () => {
  const attempts = [['192.0.2.1', 443], ['8.8.8.8', 53], ['169.254.169.254', 80], ['2001:db8::1', 443], ['fd00:ec2::254', 80]] as const;
  const answers = await sh(attempts.map(([host, port]) => reach(host, port)).join('; '));
  assert.equal(answers.match(/denied/g)?.length, attempts.length, answers);
  await sh('timeout 2 nslookup listed.example 8.8.8.8');
  await wasDenied(...attempts.map(([destination, port]) => ({ destination, port, protocol: 'tcp' as const })), { destination: '8.8.8.8', port: 53, protocol: 'udp' });
});

test('names that are not listed are not asked for, over UDP or TCP', options, async () => {
  const { gateway } = await berth.services.networks.inspect('default');
  assert.match(await sh('nslookup -type=a secret.evil.example'), /NXDOMAIN/);
  // The question for the A record of tcp.evil.example, behind its length; of the answer, the code.
  const question = '\\000\\042\\022\\064\\001\\000\\000\\001\\000\\000\\000\\000\\000\\000\\003tcp\\004evil\\007example\\000\\000\\001\\000\\001';
  assert.equal((await sh(`printf '${question}' | nc -w 8 ${gateway} 53 | dd bs=1 skip=5 count=1 2>/dev/null | od -An -tx1`)).trim(), '83');
  await wasDenied({ protocol: 'dns', name: 'secret.evil.example' }, { protocol: 'dns', name: 'tcp.evil.example' });
});

test('another address of the guest’s own choice gets nowhere', options, async () => {
  const { gateway, hostAddress } = await berth.services.networks.inspect('default');
  const other = gateway.replace(/\.\d+$/, '.200');
  assert.match(await sh(`ip addr add ${other}/24 dev eth0; ip route add ${hostAddress} dev eth0 src ${other}; timeout 3 nc -w 2 ${hostAddress} ${listed} < /dev/null || echo denied; ip addr del ${other}/24 dev eth0`), /denied/);
  assert.equal(await sh(`ip route del ${hostAddress} 2>/dev/null; ${reach(hostAddress, listed)}`), 'hello\n');
});

test('a policy that is tightened closes what was open', options, async () => {
  await berth.services.policies.setPolicy(guest.id, { mode: 'none' });
  assert.match(await sh(reach('host.berth.internal', listed)), /denied\n$/);
});
