import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Listener } from '../../runtime-host/protocol/networks.ts';
import { browserAddress, hostAddress, parsePortWish, portEntries, portName } from './portEntries.ts';

const tcp = (port: number, address = '0.0.0.0', processName?: string): Listener => ({ protocol: 'tcp', address, port, ...(processName === undefined ? {} : { processName }) });
const summary = (entries: ReturnType<typeof portEntries>): string[] => entries.map((entry) => [entry.kind, portName(entry), entry.host && hostAddress(entry.host), entry.listener?.processName].filter(Boolean).join(' '));

describe('the ports of a container', () => {
  it('lists servers once, whatever their addresses, and no UDP sockets', () => {
    const entries = portEntries({}, [tcp(8080), tcp(3000, '::'), tcp(3000, '0.0.0.0', 'node'), { protocol: 'udp', address: '0.0.0.0', port: 53 }]);
    assert.deepEqual(summary(entries), ['detected 3000 node', 'detected 8080']);
  });

  it('shows what leads to a server instead of the bare server', () => {
    const container = {
      ports: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' as const }, { hostPort: 5353, containerPort: 53, protocol: 'udp' as const, hostAddress: '0.0.0.0' }],
      forwards: [{ container: 'a', hostAddress: '127.0.0.1', hostPort: 41000, containerPort: 3000 }],
    };
    assert.deepEqual(summary(portEntries(container, [tcp(80, '::', 'nginx'), tcp(3000, '127.0.0.1', 'node')])), [
      'published 53/udp 127.0.0.1:5353', 'published 80 127.0.0.1:8080 nginx', 'forwarded 3000 127.0.0.1:41000 node',
    ]);
  });

  it('still offers a server on loopback to which a published port does not lead', () => {
    const ports = [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' as const }];
    assert.deepEqual(summary(portEntries({ ports }, [tcp(80, '127.0.0.1', 'dev')])), ['detected 80 dev', 'published 80 127.0.0.1:8080']);
  });

  it('leaves out ports that get their number only at the start', () => {
    assert.deepEqual(portEntries({ ports: [{ hostPort: 0, containerPort: 80, protocol: 'tcp' }] }, undefined), []);
  });
});

describe('addresses of this machine', () => {
  it('are such as a program can connect to', () => {
    assert.equal(hostAddress({ address: '0.0.0.0', port: 1 }), '127.0.0.1:1');
    assert.equal(hostAddress({ address: '::', port: 1 }), '[::1]:1');
    assert.equal(hostAddress({ address: '192.0.2.1', port: 1 }), '192.0.2.1:1');
  });

  it('are shown to a browser by name when they are loopback', () => {
    assert.equal(browserAddress({ address: '127.0.0.1', port: 3000 }, 'http'), 'http://localhost:3000/');
    assert.equal(browserAddress({ address: '::1', port: 3000 }, 'https'), 'https://localhost:3000/');
    assert.equal(browserAddress({ address: '2001:db8::1', port: 80 }, 'http'), 'http://[2001:db8::1]:80/');
  });
});

describe('a port as it is typed', () => {
  it('may name one of this machine, too', () => {
    assert.deepEqual(parsePortWish(' 3000 '), { containerPort: 3000 });
    assert.deepEqual(parsePortWish('8080:80'), { containerPort: 80, hostPort: 8080 });
    for (const wrong of ['', '0', '65536', 'http', '1:2:3', '0:80', '-1', '3e3']) assert.equal(parsePortWish(wrong), undefined, wrong);
  });
});
