import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedPort } from '../../protocol/networks.ts';
import { parseContainerPort, parseExpose, parsePublish, parsePublishSocket } from '../../protocol/values/portValues.ts';
import { specOfWords as specOf } from './specOfWords.ts';

const port = (hostPort: number, containerPort: number, more: Partial<PublishedPort> = {}): PublishedPort => ({ hostPort, containerPort, protocol: 'tcp', ...more });

test('ports that are published', () => {
  for (const [text, ...expected] of [
    ['80', port(0, 80)], ['8080:80', port(8080, 80)], ['0:80', port(0, 80)], [':80', port(0, 80)], ['53:53/udp', port(53, 53, { protocol: 'udp' })], ['80:80/TCP', port(80, 80)],
    ['127.0.0.1:8080:80', port(8080, 80, { hostAddress: '127.0.0.1' })], ['127.0.0.1::80', port(0, 80, { hostAddress: '127.0.0.1' })], ['0.0.0.0:0:80', port(0, 80, { hostAddress: '0.0.0.0' })],
    ['[::1]:8080:80', port(8080, 80, { hostAddress: '::1' })], ['[::]::80/udp', port(0, 80, { hostAddress: '::', protocol: 'udp' })],
    ['8000-8002:80-82', port(8000, 80), port(8001, 81), port(8002, 82)], ['80-81', port(0, 80), port(0, 81)], ['8000-8000:80', port(8000, 80)],
    ['127.0.0.1:8000-8001:80-81/udp', port(8000, 80, { hostAddress: '127.0.0.1', protocol: 'udp' }), port(8001, 81, { hostAddress: '127.0.0.1', protocol: 'udp' })],
  ] as const) assert.deepEqual(parsePublish(text), expected, text);
});

test('ports that cannot be published say what is right', () => {
  for (const [text, pattern] of [
    ['', /missing/], ['8080:', /missing/], ['x', /not a port/], ['0', /from 1 to/], ['80:0', /from 1 to/], ['65536:80', /from 0 to/], ['-1:80', /missing|not a port/], ['1.5:80', /not a port/], ['80/sctp', /tcp and udp/], ['80/', /tcp and udp/],
    ['80/tcp/udp', /tcp and udp/], ['8000-8001:80', /different lengths/], ['8000:80-81', /different lengths/], ['8001-8000:80-81', /not a range/], ['1-2-3:4', /not a range/], ['0-1:80-81', /begins no range/], ['1-1001', /1000/],
    ['localhost:8080:80', /127\.0\.0\.1, or no address/], ['256.0.0.1:8080:80', /not an address/], ['[127.0.0.1]:8080:80', /Only IPv6/], ['[fe80::1%eth0]:8080:80', /not an address/], ['::1:8080:80', /ADDRESS:HOST:PORT/], ['[::1]:80', /ADDRESS:HOST:PORT/],
    ['a:b:c:d', /ADDRESS:HOST:PORT/],
  ] as const) assert.throws(() => parsePublish(text), { code: 'commander.invalidArgument', message: pattern }, text);
});

test('the same port twice is once, but for any free one', () => {
  assert.deepEqual(specOf('-p', '80:80', '-p', '80:80', '-p', '80', '-p', '80', '-p', '127.0.0.1:80:80').ports, [port(80, 80), port(0, 80), port(0, 80), port(80, 80, { hostAddress: '127.0.0.1' })]);
});

test('what is exposed counts for --publish-all only', () => {
  assert.deepEqual(specOf('--expose', '80'), {});
  assert.deepEqual(specOf('--expose', '80-81/udp', '-P'), { ports: [port(0, 80, { protocol: 'udp' }), port(0, 81, { protocol: 'udp' })], publishAllPorts: true });
  assert.throws(() => parseExpose('80:80'), /PORT/);
});

test('a port of a container', () => {
  assert.deepEqual([parseContainerPort('80'), parseContainerPort('53/udp')], [{ port: 80, protocol: 'tcp' }, { port: 53, protocol: 'udp' }]);
  for (const text of ['', '0', 'x', '80-81', '80/x']) assert.throws(() => parseContainerPort(text), { code: 'commander.invalidArgument' }, text);
});

test('sockets that are published', () => {
  assert.deepEqual(parsePublishSocket('a.sock:/run/a.sock', '/home/me'), { hostPath: '/home/me/a.sock', containerPath: '/run/a.sock' });
  assert.deepEqual(parsePublishSocket('/tmp/x:y:/run/a', '/'), { hostPath: '/tmp/x:y', containerPath: '/run/a' });
  for (const text of ['', 'a', 'a:', ':/a', 'a:b', 'a:/', 'a:/b/']) assert.throws(() => parsePublishSocket(text), { code: 'commander.invalidArgument' }, text);
});
