import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ForwardedPort, Listener } from '../../runtime-host/protocol/networks.ts';
import { planForwards, type ForwardSituation } from './forwardPlan.ts';

const situation = (values: Partial<ForwardSituation>): ForwardSituation => ({
  forwards: [], published: [], listeners: [], remembered: [], configured: [], declined: new Set(), automatic: true, attributes: () => ({}), ...values,
});
const tcp = (port: number, address = '0.0.0.0'): Listener => ({ protocol: 'tcp', address, port });
const forwarded = (containerPort: number, hostPort = containerPort): ForwardedPort => ({ container: 'a', hostAddress: '127.0.0.1', hostPort, containerPort });

describe('what is forwarded', () => {
  it('is what the user and the configuration ask for, and what listens', () => {
    const { start, stop } = planForwards(situation({ remembered: [{ containerPort: 1, hostPort: 1001, by: 'user' }], configured: [2], listeners: [tcp(3), tcp(2), { protocol: 'udp', address: '::', port: 4 }] }));
    assert.deepEqual(start, [{ containerPort: 1, hostPort: 1001, by: 'user' }, { containerPort: 2, by: 'configuration' }, { containerPort: 3, by: 'listener' }]);
    assert.deepEqual(stop, []);
  });

  it('is nothing twice, nothing that was stopped, and nothing that is to be ignored', () => {
    const { start } = planForwards(situation({
      forwards: [forwarded(1)], listeners: [tcp(1), tcp(2), tcp(3)], configured: [1, 2], declined: new Set([2]), attributes: (port) => (port === 3 ? { onAutoForward: 'ignore' } : {}),
    }));
    assert.deepEqual(start, []);
    assert.deepEqual(planForwards(situation({ listeners: [tcp(1)], automatic: false })).start, []);
  });

  it('leaves out what a published port leads to already, unless it listens on loopback', () => {
    const published = [{ hostPort: 80, containerPort: 80, protocol: 'tcp' as const }];
    assert.deepEqual(planForwards(situation({ published, listeners: [tcp(80)] })).start, []);
    assert.equal(planForwards(situation({ published, listeners: [tcp(80, '127.0.0.1')] })).start.length, 1);
  });

  it('ends with its server when that began it, and with nothing else', () => {
    const forwards = [forwarded(1), forwarded(2), forwarded(3), forwarded(4), forwarded(5)];
    const remembered = [{ containerPort: 1, by: 'user' as const }, { containerPort: 2, by: 'configuration' as const }, { containerPort: 3, by: 'listener' as const }, { containerPort: 4, by: 'listener' as const }];
    assert.deepEqual(planForwards(situation({ forwards, remembered, configured: [2], listeners: [tcp(4)] })).stop, [forwarded(3)]);
    assert.deepEqual(planForwards(situation({ forwards, remembered, configured: [2], listeners: undefined })).stop, []);
  });

  it('comes back at the port of this machine that it had', () => {
    const remembered = [{ containerPort: 3000, hostPort: 3001, by: 'listener' as const }];
    assert.deepEqual(planForwards(situation({ remembered, listeners: [tcp(3000)] })).start, [{ containerPort: 3000, hostPort: 3001, by: 'listener' }]);
    assert.deepEqual(planForwards(situation({ remembered })).start, []);
  });
});
