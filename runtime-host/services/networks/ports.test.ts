import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '../../protocol/errors.ts';
import type { ForwardedPort } from '../../protocol/networks.ts';
import type { Container } from '../container.ts';
import { portInUse, publishedPorts } from './ports.ts';

const containerOf = (id: string, ports: Parameters<typeof publishedPorts>[0], forwards?: readonly Partial<ForwardedPort>[]): Container => ({ id, name: id, network: { ports: publishedPorts(ports) }, info: () => ({ forwards }) }) as unknown as Container;

test('who has a port is told', () => {
  const taken = new BerthError('PortInUse', 'x', { data: { address: '127.0.0.1', port: 8080, protocol: 'tcp' } });
  const self = containerOf('self', [{ hostAddress: '', hostPort: 8080, containerPort: 80, protocol: 'tcp' }]);
  const words = (...others: readonly Container[]): string => portInUse(taken, self, [self, ...others]).message;
  assert.match(words(), /^The port 8080\/tcp of this machine \(127\.0\.0\.1\) is taken: another program has it\. End that program/);
  assert.match(words(containerOf('udp', [{ hostAddress: '', hostPort: 8080, containerPort: 80, protocol: 'udp' }])), /another program/);
  assert.match(words(containerOf('web', [{ hostAddress: '0.0.0.0', hostPort: 8080, containerPort: 80, protocol: 'tcp' }])), /container “web” has it\. Stop that container/);
  assert.match(words(containerOf('dev', [], [{ hostPort: 8080 }])), /container “dev” has it/);
});

test('ports of the loopback addresses name none', () => {
  const port = { hostPort: 1, containerPort: 2, protocol: 'tcp' as const };
  assert.deepEqual(publishedPorts([{ ...port, hostAddress: '' }, { ...port, hostAddress: '::1' }]), [port, { ...port, hostAddress: '::1' }]);
});
