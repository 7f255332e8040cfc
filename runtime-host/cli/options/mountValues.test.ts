import assert from 'node:assert/strict';
import { test } from 'node:test';
import { driverOf, parseMountOption, parseVolume } from '../../protocol/values/mountValues.ts';

const invalid = { code: 'commander.invalidArgument' };

test('--volume: directories, volumes and anonymous volumes', () => {
  const bind = (source: string, target: string, readOnly = false) => ({ kind: 'bind', mount: { source, target, readOnly } });
  assert.deepEqual(parseVolume('/a:/b'), bind('/a', '/b'));
  assert.deepEqual(parseVolume('./x:/b:ro', '/here'), bind('/here/x', '/b', true));
  assert.deepEqual(parseVolume('.:/b:rw', '/here'), bind('/here', '/b'));
  assert.deepEqual(parseVolume('x/y:/b', '/here'), bind('/here/x/y', '/b'));
  assert.deepEqual(parseVolume('/a:/b:ro,z'), bind('/a', '/b', true));
  assert.deepEqual(parseVolume('/a:/b:ro,force'), { kind: 'bind', mount: { source: '/a', target: '/b', readOnly: true, force: true } });
  assert.deepEqual(parseVolume('data:/b'), { kind: 'volume', mount: { volume: 'data', target: '/b', readOnly: false } });
  assert.deepEqual(parseVolume('my.data-1:/b:ro,nocopy'), { kind: 'volume', mount: { volume: 'my.data-1', target: '/b', readOnly: true, noCopy: true } });
  assert.deepEqual(parseVolume('/cache'), { kind: 'volume', mount: { target: '/cache', readOnly: false } });
  for (const wrong of ['', 'data', 'data:b', ':/b', '/a:/b:rx', '/a:/b:ro:z', '/a:/b:nocopy', 'data:/b:force', '/a:/b:']) assert.throws(() => parseVolume(wrong), invalid, wrong);
});

test('--mount, as docker has it', () => {
  assert.deepEqual(parseMountOption('type=bind,source=./x,target=/b,readonly', '/here'), { kind: 'bind', mount: { source: '/here/x', target: '/b', readOnly: true } });
  assert.deepEqual(parseMountOption('type=bind,src=/a,dst=/b,ro=false'), { kind: 'bind', mount: { source: '/a', target: '/b', readOnly: false } });
  assert.deepEqual(parseMountOption('type=bind,"source=/a,b",destination=/c'), { kind: 'bind', mount: { source: '/a,b', target: '/c', readOnly: false } });
  assert.deepEqual(parseMountOption('source=data,target=/b'), { kind: 'volume', mount: { volume: 'data', target: '/b', readOnly: false } });
  assert.deepEqual(parseMountOption('type=volume,target=/b,volume-nocopy,volume-driver=shared'), { kind: 'volume', mount: { target: '/b', readOnly: false, driver: 'shared', noCopy: true } });
  assert.deepEqual(parseMountOption('source=data,target=/b,volume-opt=size=1g,volume-label=a=b,"volume-label=c=d,e"'), { kind: 'volume', mount: { volume: 'data', target: '/b', readOnly: false, sizeBytes: 1024 ** 3, labels: { a: 'b', c: 'd,e' } } });
  assert.throws(() => parseMountOption('source=data,target=/b,volume-driver=local,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/x'), { ...invalid, message: /no option “type”, only size=SIZE.*bind mount.*--tmpfs/ });
  assert.throws(() => parseMountOption('source=data,target=/b,volume-opt'), { ...invalid, message: /only size=SIZE.$/ });
  assert.throws(() => parseMountOption('source=data,target=/b,volume-subpath=x'), { ...invalid, message: /no “volume-subpath”/ });
  assert.deepEqual(parseMountOption('type=tmpfs,target=/b,tmpfs-size=64m,tmpfs-mode=1770'), { kind: 'tmpfs', mount: { target: '/b', options: 'size=64m,mode=1770' } });
  assert.deepEqual(parseMountOption('type=tmpfs,target=/b'), { kind: 'tmpfs', mount: { target: '/b' } });
  for (const wrong of ['', 'type=cluster,target=/b', 'type=bind,target=/b', 'type=bind,source=/a', 'type=bind,source=/a,target=b', 'type=tmpfs,source=/a,target=/b', 'type=volume,target=/b,size=1', 'target=/b,readonly=maybe', 'target=/b,volume-driver=nfs']) {
    assert.throws(() => parseMountOption(wrong), invalid, wrong);
  }
});

test('drivers', () => {
  assert.equal(driverOf('local'), 'ext4');
  assert.equal(driverOf('shared'), 'shared');
  assert.equal(driverOf(undefined), undefined);
  assert.throws(() => driverOf('nfs'), invalid);
});
