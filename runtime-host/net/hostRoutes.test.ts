import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCidr } from './addresses.ts';
import { hostRanges, parseIpv4Routes, parseIpv6Routes, parseNetstat } from './hostRoutes.ts';

const shown = (routes: ReturnType<typeof parseNetstat>): string[] => routes.map(({ range, device }) => `${formatCidr(range)} ${device}`);

test('the routes of Linux', () => {
  const four = ['Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU', 'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0', 'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0', 'tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0', ''].join('\n');
  assert.deepEqual(shown(parseIpv4Routes(four)), ['0.0.0.0/0 eth0', '192.0.2.0/24 eth0', '10.0.0.0/8 tun0']);
  const six = `fd000000000000000000000000000000 40 ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000100 00000001 00000000 00000001     eth0\n`;
  assert.deepEqual(shown(parseIpv6Routes(six)), ['fd00::/64 eth0']);
});

test('the routes of macOS', () => {
  const text = `Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.1.1        UGScg                 en0
10/8               10.8.0.1           UGSc                utun3
127                127.0.0.1          UCS                   lo0
169.254            link#11            UCS                   en0      !
192.168.64         link#20            UC              bridge100      !
192.168.1.1/32     link#11            UCS                   en0      !

Internet6:
default                                 fe80::%utun0                            UGcIg               utun0
fd12:3456::/64                          link#11                                 UC                    en0
fe80::%lo0/64                           fe80::1%lo0                             UcI                   lo0
`;
  assert.deepEqual(shown(parseNetstat(text)), [
    '10.0.0.0/8 utun3', '127.0.0.0/8 lo0', '169.254.0.0/16 en0', '192.168.64.0/24 bridge100', '192.168.1.1/32 en0', 'fd12:3456::/64 en0', 'fe80::/64 lo0',
  ]);
});

test('this machine reaches itself', async () => {
  const ranges = await hostRanges();
  assert.ok(ranges.some(({ range }) => formatCidr(range).startsWith('127.')));
  assert.ok(ranges.every(({ range }) => range.prefixLength > 0));
});
