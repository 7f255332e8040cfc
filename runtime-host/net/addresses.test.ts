import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cidr, contains, firstAddress, formatAddress, formatCidr, lastAddress, overlaps, parseAddress, parseCidr } from './addresses.ts';

const normal = (text: string): string | undefined => {
  const parsed = parseAddress(text);
  return parsed && formatAddress(parsed.family, parsed.address);
};

test('addresses are written as RFC 5952 has them', () => {
  const forms: Readonly<Record<string, string>> = {
    '192.168.80.1': '192.168.80.1', '255.255.255.255': '255.255.255.255', '::': '::', '::1': '::1', 'fd00::': 'fd00::',
    'FD00:0:0:0:0:0:0:FFFE': 'fd00::fffe', '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1', '2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
    '1:0:0:2:0:0:3:4': '1::2:0:0:3:4', '::ffff:1.2.3.4': '::ffff:102:304', '64:ff9b::1.2.3.4': '64:ff9b::102:304',
  };
  for (const [given, expected] of Object.entries(forms)) assert.equal(normal(given), expected);
});

test('what is no address is none', () => {
  for (const text of ['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', 'fd00::1%eth0', ':::', 'host', '1.2.3.4/24']) assert.equal(parseAddress(text), undefined, text);
  for (const text of ['', '1.2.3.4', '1.2.3.4/33', '1.2.3.4/-1', 'fd00::/129', '/24', '1.2.3.4/24/3', '1.2.3.4/ 8']) assert.equal(parseCidr(text), undefined, text);
});

test('ranges have a first and a last address', () => {
  const range = cidr('192.168.80.77/24');
  assert.equal(formatAddress(4, firstAddress(range)), '192.168.80.0');
  assert.equal(formatAddress(4, lastAddress(range)), '192.168.80.255');
  assert.equal(formatAddress(6, lastAddress(cidr('fd12:3456::/64'))), 'fd12:3456::ffff:ffff:ffff:ffff');
  assert.equal(formatCidr(cidr('0.0.0.0/0')), '0.0.0.0/0');
});

test('ranges overlap when one of them is in the other', () => {
  const pairs: readonly (readonly [string, string, boolean])[] = [
    ['10.0.0.0/8', '10.231.4.0/24', true], ['10.231.4.0/24', '10.0.0.0/8', true], ['10.231.4.0/24', '10.231.5.0/24', false],
    ['0.0.0.0/0', '192.168.80.0/24', true], ['192.168.80.0/23', '192.168.81.0/24', true], ['192.168.80.0/24', '192.168.80.0/24', true],
    ['::/0', '10.0.0.0/8', false], ['fd00::/8', 'fd12::/64', true],
  ];
  for (const [one, other, expected] of pairs) assert.equal(overlaps(cidr(one), cidr(other)), expected, `${one} ${other}`);
  assert.ok(contains(cidr('192.168.80.0/24'), 4, 0xc0a850ffn) && !contains(cidr('192.168.80.0/24'), 4, 0xc0a85100n));
});
