import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkActivity } from '../../runtime-host/protocol/networks.ts';
import { activityName, allowEntry, allowing, deniedOnes, learnedEntries } from './denied.ts';

const activity = (values: Partial<NetworkActivity>): NetworkActivity => ({ destination: '192.0.2.1', port: 443, protocol: 'tcp', verdict: 'denied', count: 1, lastAt: '2026-01-01T00:00:00Z', ...values });

describe('denied connections', () => {
  it('are allowed by name where there is one', () => {
    assert.equal(allowEntry(activity({ name: 'registry.example' })), 'registry.example:443');
    assert.equal(allowEntry(activity({})), '192.0.2.1:443');
    assert.equal(allowEntry(activity({ destination: 'fd00::1' })), '[fd00::1]:443');
    assert.equal(allowEntry(activity({ destination: 'fd00::1', port: 0, protocol: 'icmp' })), 'fd00::1');
    assert.equal(allowEntry(activity({ destination: '', name: 'a.example', port: 53, protocol: 'dns' })), 'a.example');
    assert.equal(activityName(activity({ protocol: 'udp', port: 123 })), '192.0.2.1:123 (udp)');
  });

  it('are added to a policy, which becomes a list when it has none', () => {
    assert.deepEqual(allowing(undefined, ['host.berth.internal:5432']), { mode: 'open', allow: ['host.berth.internal:5432'] });
    assert.deepEqual(allowing({ mode: 'allowlist', allow: ['a', 'b'] }, ['b', 'c']), { mode: 'allowlist', allow: ['a', 'b', 'c'] });
    assert.deepEqual(allowing({ mode: 'none' }, ['a']), { mode: 'allowlist', allow: ['a'] });
    assert.deepEqual(allowing({ mode: 'host-only' }, ['a']), { mode: 'allowlist', allow: ['host.berth.internal', 'a'] });
  });

  it('come the latest first', () => {
    const list = [activity({ port: 1 }), activity({ port: 2, lastAt: '2026-01-02T00:00:00Z' }), activity({ port: 3, verdict: 'allowed' })];
    assert.deepEqual(deniedOnes(list).map(({ port }) => port), [2, 1]);
  });

  it('do not get into what was learned', () => {
    const list = [activity({ name: 'b.example', verdict: 'allowed' }), activity({ name: 'b.example', destination: '192.0.2.2', verdict: 'allowed' }), activity({})];
    assert.deepEqual(learnedEntries(list), ['b.example:443']);
  });
});
