import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '../protocol/errors.ts';
import { minimumMemoryBytes } from '../protocol/types.ts';
import { containerSpec, containerSignal } from './schemas.ts';
import { arrayOf, flag, integer, object, optional, recordOf, text } from './validate.ts';

function fieldOf(check: () => unknown): unknown {
  try {
    check();
  } catch (error) {
    assert.ok(error instanceof BerthError && error.code === 'InvalidArgument');
    assert.ok(error.message.includes(`“${String(error.data?.['field'])}”`), error.message);
    return error.data?.['field'];
  }
  return undefined;
}

const shape = object({ name: text(), count: optional(integer(1, 3)), flags: optional(arrayOf(flag)), labels: optional(recordOf(text({ allowEmpty: true }))) });

test('what is right passes, and what we do not know is dropped', () => {
  assert.deepEqual(shape({ name: 'a', count: 3, flags: [true], labels: { x: '' }, more: 1 }, ''), { name: 'a', count: 3, flags: [true], labels: { x: '' } });
  assert.deepEqual(shape({ name: 'a', count: null }, ''), { name: 'a' });
});

test('what is wrong is named', () => {
  const wrong: [unknown, string][] = [
    [undefined, 'params'], [[], 'params'], [{}, 'name'], [{ name: '' }, 'name'], [{ name: 'a\0' }, 'name'], [{ name: 'a', count: 4 }, 'count'], [{ name: 'a', count: 1.5 }, 'count'],
    [{ name: 'a', count: '1' }, 'count'], [{ name: 'a', flags: [true, 1] }, 'flags[1]'], [{ name: 'a', flags: {} }, 'flags'], [{ name: 'a', labels: { k: 1 } }, 'labels.k'],
    [Object.create({ name: 'inherited' }), 'name'],
  ];
  for (const [value, field] of wrong) assert.equal(fieldOf(() => shape(value, '')), field, JSON.stringify(value));
});

test('a container\'s specification', () => {
  const spec = { image: 'busybox', command: ['sh', ''], env: ['A=', 'B=c=d'], mounts: [{ source: '/a', target: '/b', readOnly: true }], memoryBytes: 2 ** 30, cpus: 2 };
  assert.deepEqual(containerSpec({ ...spec, workDoneToken: 7 }, ''), { ...spec, workDoneToken: 7 });
  assert.equal(fieldOf(() => containerSpec({ ...spec, name: '-x' }, '')), 'name');
  assert.equal(fieldOf(() => containerSpec({ ...spec, memoryBytes: minimumMemoryBytes - 1 }, '')), 'memoryBytes');
  assert.equal(containerSpec({ ...spec, memoryBytes: minimumMemoryBytes }, '').memoryBytes, minimumMemoryBytes);
  assert.equal(fieldOf(() => containerSpec({ ...spec, workingDirectory: 'here' }, '')), 'workingDirectory');
  assert.equal(fieldOf(() => containerSpec({ ...spec, mounts: [{ source: '/a', target: 'b', readOnly: true }] }, '')), 'mounts[0].target');
  for (const signal of ['SIGTERM', 'term', '9', 'RTMIN+1']) assert.equal(containerSignal({ container: 'x', signal }, '').signal, signal);
});
