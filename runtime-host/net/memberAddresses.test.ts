import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocateMember, gatewayMac, type AddressHolder } from './memberAddresses.ts';
import { addressesOf } from './subnets.ts';

const net = addressesOf('192.168.90.0/24', 'fd12::/64');
const tiny = addressesOf('10.0.0.0/29', undefined);
const holder = (address: string, address6?: string, mac = '02:00:00:00:00:01'): AddressHolder => ({ name: 'other', address, ...(address6 && { address6 }), mac });

test('the lowest free addresses are given, the same number in both families', () => {
  const first = allocateMember('a', { network: 'n' }, net, []);
  assert.match(first.mac, /^02(:[0-9a-f]{2}){5}$/);
  assert.deepEqual(first, { network: 'n', address: '192.168.90.2', prefixLength: 24, gateway: '192.168.90.1', address6: 'fd12::2', prefixLength6: 64, gateway6: 'fd12::1', mac: first.mac });
  const third = allocateMember('c', { network: 'n' }, net, [holder('192.168.90.2', 'fd12::2'), holder('192.168.90.4', 'fd12::3')]);
  assert.deepEqual([third.address, third.address6], ['192.168.90.3', 'fd12::4']);
});

test('the hardware address follows from container and network', () => {
  const mac = (id: string, network: string): string => allocateMember(id, { network }, net, []).mac;
  assert.equal(mac('a', 'n'), mac('a', 'n'));
  assert.notEqual(mac('a', 'n'), mac('b', 'n'));
  assert.notEqual(mac('a', 'n'), mac('a', 'm'));
  assert.notEqual(allocateMember('a', { network: 'n' }, net, [holder('192.168.90.9', undefined, mac('a', 'n'))]).mac, mac('a', 'n'), 'not one that is taken');
});

test('what was asked for is given', () => {
  const member = allocateMember('a', { network: 'n', address: '192.168.90.77', address6: 'fd12:0::77', mac: '02-42-AC-11-00-02', aliases: ['web', 'web', 'www'] }, net, []);
  assert.deepEqual([member.address, member.address6, member.mac, member.aliases], ['192.168.90.77', 'fd12::77', '02:42:ac:11:00:02', ['web', 'www']]);
});

test('what cannot be had says why', () => {
  const refuse = (wish: object, message: RegExp, holders: readonly AddressHolder[] = [], network = net): void =>
    assert.throws(() => allocateMember('a', { network: 'n', ...wish }, network, holders), { code: 'InvalidArgument', message });
  for (const address of ['192.168.91.2', '192.168.90.0', '192.168.90.255']) refuse({ address }, /it has 192\.168\.90\.0\/24/);
  for (const address of ['192.168.90.1', '192.168.90.254']) refuse({ address }, /own/);
  refuse({ address: '192.168.90.5' }, /container “other” has it/, [holder('192.168.90.5')]);
  refuse({ address: 'fd12::5' }, /no IPv4 address/);
  refuse({ address6: 'fd12::fffe' }, /own/);
  refuse({ address6: 'fd13::5' }, /it has fd12::\/64/);
  refuse({ address6: 'fd12::5' }, /no IPv6/, [], tiny);
  for (const mac of ['01:00:5e:00:00:01', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '02:42']) refuse({ mac }, /no hardware address/);
  refuse({ mac: gatewayMac }, /gateway/);
  refuse({ mac: '02:00:00:00:00:01' }, /container “other”/, [holder('192.168.90.5')]);
});

test('a full network says so', () => {
  const holders = ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'].map((address) => holder(address));
  assert.equal(allocateMember('a', { network: 'n' }, tiny, holders.slice(0, 3)).address, '10.0.0.5');
  assert.throws(() => allocateMember('a', { network: 'n' }, tiny, holders), { code: 'NetworkInvalid' });
});
