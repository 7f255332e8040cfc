import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerInfo } from '../protocol/types.ts';
import { imageTable } from './commands/imageList.ts';
import { containerTable } from './commands/list.ts';
import { ellipsize, formatDuration, formatSize, formatTable } from './output.ts';
import { ProgressLine } from './progressLine.ts';

test('tables line up and have no trailing blanks', () => {
  assert.equal(formatTable(['A', 'LONG'], [['wide cell', 'x'], ['y', 'z']]), 'A           LONG\nwide cell   x\ny           z\n');
  assert.equal(formatTable(['A', 'B'], []), 'A   B\n');
});

test('durations and sizes', () => {
  assert.deepEqual([0, 1, 59, 60, 3600, 200_000].map(formatDuration), ['less than a second', '1 second', '59 seconds', '1 minute', '1 hour', '2 days']);
  assert.deepEqual([0, 999, 1000, 203_456_789, 2.5e12].map(formatSize), ['0B', '999B', '1kB', '203MB', '2.5TB']);
  assert.equal(ellipsize('abcdef', 4), 'abc…');
});

test('containers and images as tables', () => {
  const now = Date.parse('2026-01-01T00:10:00Z');
  const info = {
    id: 'a'.repeat(64), name: 'box', image: 'localhost:5000/busybox:1', state: 'stopped', createdAt: '2026-01-01T00:00:00Z', startedAt: '2026-01-01T00:00:01Z',
    finishedAt: '2026-01-01T00:09:00Z', exitCode: 3, command: ['sh', '-c', 'true'],
  } as unknown as ContainerInfo;
  assert.equal(containerTable([info], true, now).split('\n')[1], 'aaaaaaaaaaaa   localhost:5000/busybox:1   "sh -c true"   10 minutes ago   Exited (3) 1 minute ago                     box');
  assert.match(containerTable([{ ...info, state: 'running' }], true, now), /Up 9 minutes/);
  assert.match(containerTable([{ ...info, state: 'created' }], true, now), /Created {21}box/);
  const networks = ['10.1.0.2', '10.2.0.2'].map((address) => ({ network: 'n', address, prefixLength: 24, gateway: '', mac: '' }));
  assert.match(containerTable([{ ...info, state: 'running', networks, ports: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] }], true, now), /Up 9 minutes {3}10\.1\.0\.2, 10\.2\.0\.2 {3}127\.0\.0\.1:8080->80\/tcp {3}box\n/);
  const image = { reference: 'localhost:5000/a/b:1.2', digest: '', manifestDigest: 'sha256:0123456789abcdef', platform: { os: 'linux', architecture: 'amd64' }, size: 1_500_000 };
  assert.equal(imageTable([image, { ...image, reference: 'localhost:5000/a@sha256:00' }], now).split('\n').slice(1).join('\n'),
    'localhost:5000/a/b   1.2      0123456789ab             1.5MB\nlocalhost:5000/a     <none>   0123456789ab             1.5MB\n');
});

test('progress: one line on a terminal, few lines elsewhere', () => {
  let shown = '';
  const terminal = new ProgressLine({ isTTY: true, columns: 20, write: (text) => { shown += text; } });
  terminal.show({ kind: 'begin', title: 'Pulling' });
  terminal.show({ kind: 'report', message: 'a message that is too long', percentage: 10 });
  terminal.show({ kind: 'end' });
  terminal.clear();
  assert.equal(shown, '\rPulling\u001b[K\ra message that is t\u001b[K\r\u001b[K');
  const lines: string[] = [];
  const plain = new ProgressLine({ write: (text) => lines.push(text) });
  plain.show({ kind: 'begin', title: 'Pulling x:1' });
  for (let step = 1; step < 50; step += 1) plain.show({ kind: 'report', message: `${step} of 50.5 MB` });
  plain.show({ kind: 'end' });
  assert.deepEqual(lines, ['Pulling x:1\n', '1 of 50.5 MB\n']);
});
