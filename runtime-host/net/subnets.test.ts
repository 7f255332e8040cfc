import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cidr } from './addresses.ts';
import { addressesOf, checkSubnet, chooseSubnet, randomSubnet6, type TakenRange } from './subnets.ts';

const host = (range: string): TakenRange => ({ range: cidr(range), by: `the route ${range} of this machine` });
const network = (range: string): TakenRange => ({ range: cidr(range), by: `the network “n” (${range})`, network: true });

test('the first free private range is chosen', () => {
  assert.equal(chooseSubnet([]), '192.168.80.0/24');
  assert.equal(chooseSubnet([network('192.168.80.0/24'), host('192.168.81.7/32')]), '192.168.82.0/24');
  assert.equal(chooseSubnet([host('192.168.84.0/22'), network('192.168.80.0/22')]), '192.168.89.0/24', '192.168.88 is what some routers choose');
  assert.equal(chooseSubnet([host('192.168.0.0/16')]), '10.231.0.0/24');
  assert.equal(chooseSubnet([host('192.168.0.0/16'), host('10.0.0.0/8')]), '172.29.0.0/24', 'a VPN of a large company');
  assert.throws(() => chooseSubnet([host('192.168.0.0/16'), host('10.0.0.0/8'), host('172.16.0.0/12')]), { code: 'NetworkInvalid' });
});

test('default routes, also in two halves, take nothing', () => {
  assert.equal(chooseSubnet([host('0.0.0.0/0'), host('0.0.0.0/1'), host('128.0.0.0/1')]), '192.168.80.0/24');
  assert.equal(checkSubnet('192.168.90.0/24', [host('0.0.0.0/0'), host('128.0.0.0/1')]), undefined);
});

test('a unique local range has 40 random bits', () => {
  assert.equal(randomSubnet6(Buffer.from('123456789a', 'hex')), 'fd12:3456:789a::/64');
  assert.notEqual(randomSubnet6(), randomSubnet6());
});

test('a chosen range that overlaps a network is refused, and one that overlaps a route is told', () => {
  assert.throws(() => checkSubnet('192.168.80.0/25', [network('192.168.80.0/24')]), { code: 'NetworkInvalid', message: /overlaps the network “n”/ });
  assert.match(checkSubnet('10.1.0.0/16', [host('10.0.0.0/8')]) ?? '', /overlaps the route 10\.0\.0\.0\/8/);
  assert.equal(checkSubnet('10.1.0.0/16', [network('10.2.0.0/16')]), undefined);
});

test('ranges in which no containers can be are refused', () => {
  const wrong = ['192.168.90.0', '192.168.90.1/24', '192.168.90.0/30', '0.0.0.0/0', '127.0.0.0/24', '169.254.0.0/16', '224.0.0.0/24', 'fd00::/64'];
  for (const text of wrong) assert.throws(() => checkSubnet(text, []), { code: 'InvalidArgument' }, text);
  for (const text of ['fd00::/48', 'fe80::/64', 'ff00::/64', '::/64', '10.0.0.0/24', 'fd00::1/64']) assert.throws(() => checkSubnet(text, [], 6), { code: 'InvalidArgument' }, text);
  assert.throws(() => checkSubnet('192.168.90.9/24', []), { message: /Write 192\.168\.90\.0\/24/ });
  assert.equal(checkSubnet('fd12::/64', [], 6), undefined);
});

test('gateway and host are at the ends', () => {
  assert.deepEqual(addressesOf('192.168.90.0/24', 'fd12::/64'), {
    subnet: '192.168.90.0/24', gateway: '192.168.90.1', hostAddress: '192.168.90.254', subnet6: 'fd12::/64', gateway6: 'fd12::1', hostAddress6: 'fd12::fffe',
  });
  assert.deepEqual(addressesOf('10.0.0.8/29', undefined), { subnet: '10.0.0.8/29', gateway: '10.0.0.9', hostAddress: '10.0.0.14' });
});
