import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkActivity } from '../protocol/networks.ts';
import { activityTable, allowList } from './activityOutput.ts';

const activity = (more: Partial<NetworkActivity>): NetworkActivity => ({ destination: '', port: 0, protocol: 'tcp', verdict: 'allowed', count: 1, lastAt: '2026-01-01T00:00:00Z', ...more });

test('entries that keep what was used', () => {
  assert.deepEqual(allowList([
    activity({ destination: '192.0.2.1', name: 'b.example', port: 443 }), activity({ destination: '192.0.2.2', name: 'b.example', port: 443 }), activity({ destination: '192.0.2.1', name: 'b.example', port: 80 }),
    activity({ protocol: 'dns', name: 'b.example', port: 53 }), activity({ protocol: 'dns', name: 'asked.example', port: 53 }), activity({ destination: '192.0.2.7', port: 123, protocol: 'udp' }),
    activity({ destination: 'fd00::1', port: 22 }), activity({ destination: 'fd00::2', protocol: 'icmp' }),
  ]), ['192.0.2.7:123', '[fd00::1]:22', 'asked.example', 'b.example:443', 'b.example:80', 'fd00::2']);
});

test('a table, newest first', () => {
  assert.equal(activityTable([
    activity({ destination: '192.0.2.1', port: 22, verdict: 'denied', count: 3 }), activity({ name: 'a.example', port: 53, protocol: 'dns', verdict: 'denied', lastAt: '2026-01-01T00:01:00Z' }),
  ], Date.parse('2026-01-01T00:02:00Z')), [
    'VERDICT   PORT     COUNT   LAST            ADDRESS     NAME',
    'denied    dns      1       1 minute ago    -           a.example',
    'denied    22/tcp   3       2 minutes ago   192.0.2.1   -',
    '',
  ].join('\n'));
});
