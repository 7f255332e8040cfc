import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BerthError, errorCodes, type ErrorCode, type ErrorData } from '../runtime-host/protocol/errors.ts';
import { actionFor, arranged, type Alternative, type ErrorAction } from './errorActions.ts';

const all = { retry: true, chooseImage: true };
const none = { retry: false, chooseImage: false };

function action(code: ErrorCode, data: ErrorData = {}, offers = all): ErrorAction {
  return actionFor(new BerthError(code, 'What happened.', { data }), offers);
}

describe('the action of an error', () => {
  it('is there for every error, and offers nothing that cannot be done', () => {
    for (const code of errorCodes) {
      assert.ok(!['retry', 'chooseImage', 'openFile', 'openLog'].includes(action(code, {}, none)), code);
    }
  });

  it('is to try again what may go well the next time', () => {
    for (const code of ['RegistryUnreachable', 'RegistryTimeout', 'RegistryRefused', 'DigestMismatch', 'FolderInvalid', 'QemuMissing', 'KernelMissing', 'DiskFull', 'HostUnreachable', 'VmFailed'] as const) {
      assert.equal(action(code), 'retry', code);
    }
  });

  it('is another image only where the image is what is wrong', () => {
    for (const code of ['ImageNotFound', 'PlatformUnavailable', 'ManifestInvalid', 'LayerInvalid'] as const) assert.equal(action(code), 'chooseImage', code);
    assert.equal(action('InvalidArgument', { reference: 'Not An Image' }), 'chooseImage');
    assert.equal(action('InvalidArgument'), 'showOutput');
    assert.equal(action('InvalidArgument', { option: 'memoryBytes' }), 'openSettings');
    assert.equal(action('RegistryRefused', { status: 401 }), 'chooseImage');
    assert.equal(action('RegistryRefused', { status: 503 }), 'retry');
  });

  it('is the file or the log that has the reason', () => {
    assert.equal(action('DevContainerInvalid', { file: '/folder/.devcontainer.json' }), 'openFile');
    assert.equal(action('VmFailed', { log: '/home/qemu.log' }), 'openLog');
    assert.equal(action('HostUnreachable', { log: '/home/host.log' }), 'retry');
    assert.equal(action('HostUnreachable', { log: '/home/host.log' }, none), 'openLog');
  });

  it('is to end the older of two that do not understand each other', () => {
    assert.equal(action('VersionMismatch', { hostProtocol: 1, clientProtocol: 2 }), 'restartHost');
    assert.equal(action('VersionMismatch', { hostProtocol: 3, clientProtocol: 2 }), 'reloadWindow');
    assert.equal(action('VersionMismatch'), 'showOutput');
  });
});

describe('the buttons of an error', () => {
  const more: readonly Alternative[] = [
    { title: 'Retry', insteadOf: 'retry' }, { title: 'Edit Configuration', insteadOf: 'openFile' },
    { title: 'Open Locally' }, { title: 'Show Log', insteadOf: 'showOutput' },
  ];
  const titles = (kind: ErrorAction, best: string, others = more): (readonly string[])[] => {
    const { shown, rest } = arranged(kind, { title: best }, others);
    return [shown, rest].map((actions) => actions.map(({ title }) => title));
  };

  it('are so few that a notification shows them whole, with what helps most first', () => {
    assert.deepEqual(titles('retry', 'Retry of the reporter'), [['Retry', 'Edit Configuration'], ['Open Locally', 'Show Log']]);
    assert.deepEqual(titles('openFile', 'Open File'), [['Edit Configuration', 'Retry'], ['Open Locally', 'Show Log']]);
    assert.deepEqual(titles('chooseImage', 'Choose Image…'), [['Choose Image…', 'Edit Configuration'], ['Retry', 'Open Locally', 'Show Log']]);
  });

  it('have different names', () => {
    assert.deepEqual(titles('openLog', 'Show Log'), [['Show Log', 'Retry'], ['Edit Configuration', 'Open Locally']]);
  });

  it('have nothing behind them where there is room', () => {
    assert.deepEqual(titles('retry', 'Retry', []), [['Retry'], []]);
    assert.deepEqual(titles('showOutput', 'Show Output', more.slice(0, 2)), [['Show Output', 'Retry', 'Edit Configuration'], []]);
  });
});
