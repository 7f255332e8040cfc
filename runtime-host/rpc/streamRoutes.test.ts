import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attachStreamPath, execStreamPath, logStreamPath, runStreamPath } from '../protocol/streams.ts';
import { ExecPreparations } from './execPreparations.ts';
import { parseStreamRoute } from './streamRoutes.ts';

test('every address that the protocol builds is understood', () => {
  assert.deepEqual(parseStreamRoute(attachStreamPath('my box', { start: true })), { kind: 'attach', container: 'my box', start: true, replay: false });
  assert.deepEqual(parseStreamRoute(attachStreamPath('a/b', { replay: true })), { kind: 'attach', container: 'a/b', start: false, replay: true });
  assert.deepEqual(parseStreamRoute(execStreamPath('id')), { kind: 'exec', execId: 'id' });
  assert.deepEqual(parseStreamRoute(logStreamPath('x', { tail: 0 })), { kind: 'logs', container: 'x', options: { follow: false, timestamps: false, tail: 0 }, notices: false });
  const options = { follow: true, timestamps: true, since: 1_700_000_000_000, until: 1_800_000_000_000 };
  assert.deepEqual(parseStreamRoute(logStreamPath('x', options)), { kind: 'logs', container: 'x', options, notices: false });
  assert.deepEqual(parseStreamRoute(runStreamPath('my box')), { kind: 'run', container: 'my box', notices: true });
});

test('other addresses are not', () => {
  for (const address of ['', '/', '/rpc', '/exec', '/exec/', '/exec/a/b', '/containers/x', '/containers//attach', '/containers/x/attach/y', '/containers/%/logs', '//', 'http://[']) {
    assert.equal(parseStreamRoute(address), undefined, address);
  }
  assert.throws(() => parseStreamRoute('/containers/x/attach?start=yes'), { code: 'InvalidArgument' });
});

test('an exec can be claimed once', () => {
  const execs = new ExecPreparations();
  const id = execs.prepare({ container: 'c', process: { command: ['true'] } });
  assert.equal(execs.claim(id).container, 'c');
  assert.throws(() => execs.claim(id), { code: 'ExecNotFound' });
  execs.dispose();
});

test('an exec that nobody claims is forgotten', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const execs = new ExecPreparations(1000);
  const id = execs.prepare({ container: 'c', process: { command: ['true'] } });
  t.mock.timers.tick(1000);
  assert.throws(() => execs.claim(id), { code: 'ExecNotFound' });
});
