import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedPort } from '../protocol/networks.ts';
import type { ContainerInfo } from '../protocol/types.ts';
import { describePorts, hostEnd } from './publishedPorts.ts';

const port = (hostPort: number, containerPort: number, hostAddress?: string, protocol: 'tcp' | 'udp' = 'tcp'): PublishedPort => ({ hostPort, containerPort, protocol, ...(hostAddress && { hostAddress }) });
const described = (ports: PublishedPort[], state = 'running'): string => describePorts({ state, ports } as unknown as ContainerInfo);

test('ports as docker lists them', () => {
  assert.equal(described([]), '');
  assert.equal(described([port(8080, 80)]), '127.0.0.1:8080->80/tcp');
  assert.equal(described([port(8080, 80, '::1'), port(8080, 80, '127.0.0.1'), port(53, 53, '0.0.0.0', 'udp')]), '0.0.0.0:53->53/udp, 127.0.0.1:8080->80/tcp, [::1]:8080->80/tcp');
  assert.equal(described([8000, 8001, 8002].flatMap((each) => [port(each, each - 7920, '127.0.0.1'), port(each, each - 7920, '::1')])), '127.0.0.1:8000-8002->80-82/tcp, [::1]:8000-8002->80-82/tcp');
  assert.equal(described([port(80, 80), port(82, 81), port(81, 82)]), '127.0.0.1:80->80/tcp, 127.0.0.1:82->81/tcp, 127.0.0.1:81->82/tcp');
  assert.equal(described([port(80, 80), port(81, 80)]), '127.0.0.1:80->80/tcp, 127.0.0.1:81->80/tcp');
});

test('nothing leads into what does not run', () => {
  assert.equal(described([port(8080, 80)], 'stopped'), '');
});

test('where a port is on the host', () => {
  assert.deepEqual([hostEnd(port(1, 2)), hostEnd(port(1, 2, '::'))], ['127.0.0.1:1', '[::]:1']);
});
