import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesOf } from '../../net/subnets.ts';
import type { ConnectionOptions, ContainerNetwork } from '../../protocol/networks.ts';
import { BerthPaths } from '../../protocol/paths.ts';
import type { ContainerSpec } from '../../protocol/types.ts';
import type { ContainerConnection, ContainerRecord } from '../../store/containerRecord.ts';
import { checkConnection, connectionInfo, wantedConnection } from './connection.ts';
import { guestNetwork, netdMember, vmInterfaces } from './runNetwork.ts';

const wanted = (spec: ConnectionOptions, exposed: readonly string[] = []): ReturnType<typeof wantedConnection> => wantedConnection({ image: 'i', ...spec } as ContainerSpec, exposed);
const port = (containerPort: number, hostPort = 0, protocol: 'tcp' | 'udp' = 'tcp'): NonNullable<ConnectionOptions['ports']>[number] => ({ hostPort, containerPort, protocol });

test('a container joins the default network unless it says otherwise', () => {
  assert.deepEqual(wanted({}), { networks: [{ network: 'default' }], options: {} });
  assert.deepEqual(wanted({ networks: [] }).networks, []);
  const given: ConnectionOptions = { networks: [{ network: 'a', aliases: ['x'] }], policy: { mode: 'none' }, sshAgent: '/s', hostCertificates: false };
  assert.deepEqual(wanted(given), { networks: given.networks, options: { policy: { mode: 'none' }, sshAgent: '/s', hostCertificates: false } });
});

test('all exposed ports are published on request, each once', () => {
  const ports = wanted({ ports: [port(80, 8080)], publishAllPorts: true }, ['80/tcp', '443', '53/udp', '80/udp', 'x', '0/tcp', '70000', '1/sctp']).options.ports;
  assert.deepEqual(ports, [port(80, 8080), port(443), port(53, 0, 'udp'), port(80, 0, 'udp')]);
  assert.equal(wanted({}, ['80']).options.ports, undefined);
});

test('connections that contradict themselves are refused', () => {
  const wrong: readonly ConnectionOptions[] = [
    { networks: [{ network: 'a' }, { network: 'a' }] }, { ports: [port(80, 8080), port(81, 8080)] }, { networks: [], ports: [port(80)] }, { networks: [], publishAllPorts: true },
    { networks: [], extraHosts: [{ name: 'h', address: 'host-gateway' }] }, { ports: [{ ...port(80), hostAddress: 'localhost' }] },
  ];
  const at = (hostAddress: string): NonNullable<ConnectionOptions['ports']>[number] => ({ ...port(80, 8080), hostAddress });
  for (const ports of [[port(81, 8080), at('127.0.0.1')], [at('::1'), port(81, 8080)], [at('0.0.0.0'), port(80, 8080)], [at('192.0.2.1'), at('0.0.0.0')], [at('::'), port(80, 8080)]]) assert.throws(() => checkConnection({ ports }), /8080\/tcp of this machine is published twice/);
  checkConnection({ ports: [at('0.0.0.0'), at('::')] });
  for (const spec of wrong) assert.throws(() => checkConnection(spec), { code: 'InvalidArgument' }, JSON.stringify(spec));
  checkConnection({ ports: [port(80, 8080), port(80, 8080, 'udp'), port(80), port(80), { ...port(80, 8080), hostAddress: '192.0.2.1' }] });
});

const place: ContainerNetwork = { network: 'a', address: '10.0.0.2', prefixLength: 24, gateway: '10.0.0.1', address6: 'fd00::2', prefixLength6: 64, gateway6: 'fd00::1', mac: '02:00:00:00:00:01', aliases: ['x'] };
const second: ContainerNetwork = { network: 'b', address: '10.1.0.2', prefixLength: 24, gateway: '10.1.0.1', mac: '02:00:00:00:00:02' };
const recordOf = (connection: ContainerConnection): ContainerRecord => ({ id: 'a'.repeat(64), name: 'web', connection }) as unknown as ContainerRecord;
const first = addressesOf('10.0.0.0/24', 'fd00::/64');

test('what the guest is told', async () => {
  const record = recordOf({ networks: [place, second], extraHosts: [{ name: 'db', address: '10.9.9.9' }, { name: 'me', address: 'host-gateway' }] });
  const { resolver, ...guest } = await guestNetwork(record, first);
  assert.deepEqual(guest, {
    interfaces: [
      { mac: place.mac, addresses: ['10.0.0.2/24', 'fd00::2/64'], gateway4: '10.0.0.1', gateway6: 'fd00::1', mtu: 65_520 },
      { mac: second.mac, addresses: ['10.1.0.2/24'], mtu: 65_520 },
    ],
    hosts: [{ name: 'db', address: '10.9.9.9' }, { name: 'me', address: '10.0.0.254' }, { name: 'me', address: 'fd00::fffe' }],
  });
  assert.deepEqual([resolver?.servers, resolver?.options], [['10.0.0.1', 'fd00::1'], ['ndots:0']]);
  const own = { servers: ['1.1.1.1'], search: ['x.example'] };
  assert.deepEqual((await guestNetwork(recordOf({ networks: [place], resolver: own }), first)).resolver, { ...own, options: [] });
  assert.equal((await guestNetwork(recordOf({ networks: [place], resolver: { disabled: true } }), first)).resolver, undefined);
  assert.deepEqual(await guestNetwork(recordOf({ networks: [] }), undefined), { interfaces: [], resolver: { servers: [], search: [], options: [] } });
});

test('what the virtual machine and netd are told', () => {
  const record = recordOf({ networks: [place, second], ports: [port(80)], policy: { mode: 'none' } });
  const paths = new BerthPaths({ BERTH_HOME: '/h', BERTH_RUNTIME_DIR: '/r' }).container(record.id);
  assert.deepEqual(vmInterfaces(record, paths).map(({ id, socket, mac }) => [id, socket, mac]), [['net0', `/r/${'a'.repeat(12)}/net0.sock`, place.mac], ['net1', `/r/${'a'.repeat(12)}/net1.sock`, second.mac]]);
  const knows = [{ name: 'db', addresses: ['10.1.0.3'] }];
  assert.deepEqual(netdMember(record, place, true, knows), {
    name: 'web', hostname: 'a'.repeat(12), aliases: ['x'], mac: place.mac, address4: '10.0.0.2', address6: 'fd00::2', ports: [{ hostAddress: '', hostPort: 0, containerPort: 80, protocol: 'tcp' }], policy: { mode: 'none', allow: [] }, knows,
  });
  const elsewhere = netdMember(record, second, false, knows);
  assert.deepEqual([elsewhere.ports, elsewhere.knows, elsewhere.policy], [[], [], { mode: 'none', allow: [] }], 'the policy holds everywhere');
});

test('how a container’s connection is described', () => {
  assert.deepEqual(connectionInfo(undefined, undefined), {});
  assert.deepEqual(connectionInfo({ networks: [] }, undefined), {});
  assert.deepEqual(connectionInfo({ networks: [place], ports: [port(80)] }, undefined), { networks: [place], ports: [port(80)] });
  const running = { ports: [port(80, 40_000)], activity: { denied: 3 } } as unknown as NonNullable<Parameters<typeof connectionInfo>[1]>;
  assert.deepEqual(connectionInfo({ networks: [place], ports: [port(80)] }, running), { networks: [place], ports: [port(80, 40_000)], deniedConnections: 3 });
});
