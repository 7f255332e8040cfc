import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDriver, parseNewNetwork, parseSubnet, parseSubnet6 } from './subnetValues.ts';

test('what a network can be made with', () => {
  for (const text of ['10.20.0.0/24', 'fd12:3456:789a::/64']) assert.equal(parseSubnet(text), text);
  for (const name of ['front', 'a', '0.net_x-y']) assert.equal(parseNewNetwork(name), name);
  assert.equal(parseDriver('bridge'), 'bridge');
});

test('and with what not', () => {
  const wrong = { code: 'commander.invalidArgument' };
  for (const text of ['', '10.20.0.0', '10.20.0.0/33', '10.20.0/24', '10.20.0.0/24/1', '10.20.0.0/x', 'fd12::/129', 'fd12::', 'fe80::1%lo/64']) assert.throws(() => parseSubnet(text), wrong, text);
  assert.throws(() => parseSubnet6('10.20.0.0/24'), wrong);
  for (const name of ['', 'none', 'host', 'bridge', '-a', 'a b', 'x'.repeat(64)]) assert.throws(() => parseNewNetwork(name), wrong, name);
  assert.throws(() => parseDriver('overlay'), wrong);
});
