import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeConfiguration } from './mergeConfiguration.ts';
import { defaultBehaviour, readBehaviour } from './behaviour.ts';

const read = (root: Record<string, unknown>, metadata: Record<string, unknown>[] = []) => readBehaviour(mergeConfiguration(root, metadata), 'devcontainer.json');

describe('how a container lives, by devcontainer.json', () => {
  it('has the specification’s defaults', () => {
    assert.deepEqual(read({}), defaultBehaviour);
    assert.deepEqual(read({ init: false, privileged: null, capAdd: [], postCreateCommand: '' }), defaultBehaviour);
  });

  it('takes lifecycle commands in all forms', () => {
    const { lifecycle } = read({ initializeCommand: 'make', postCreateCommand: ['npm', 'ci'], postStartCommand: { a: 'x', b: ['y', 'z'] }, waitFor: 'postCreateCommand' });
    assert.deepEqual(lifecycle, {
      initialize: 'make', onCreate: [], updateContent: [], postCreate: [['npm', 'ci']], postStart: [{ a: 'x', b: ['y', 'z'] }], postAttach: [], waitFor: 'postCreateCommand',
    });
  });

  it('takes rights, requirements and customizations', () => {
    const config = read({
      init: true, privileged: true, capAdd: ['SYS_PTRACE'], securityOpt: ['seccomp=unconfined', 'apparmor:unconfined'], overrideCommand: false, shutdownAction: 'none',
      hostRequirements: { cpus: 2, memory: '4gb', storage: 1024, gpu: 'optional' },
      customizations: { vscode: { extensions: ['a.b'], settings: { 'x.y': 1 } }, berth: { guestFolders: ['node_modules'], purposes: { '/data': 'test data' } } },
    });
    assert.deepEqual(config.world, { init: true, privileged: true, capAdd: ['SYS_PTRACE'], unfiltered: true });
    assert.deepEqual(config.hostRequirements, { cpus: 2, memoryBytes: 4 * 1024 ** 3, storageBytes: 1024, gpu: 'optional' });
    assert.deepEqual([config.overrideCommand, config.shutdownAction, config.guestFolders, config.purposes], [false, 'none', ['node_modules'], { '/data': 'test data' }]);
    assert.deepEqual(config.vscode, { extensions: ['a.b'], settings: { 'x.y': 1 } });
  });

  it('has the image’s commands first, and takes back what the image wants', () => {
    const metadata = [
      { postCreateCommand: 'one', entrypoint: '/init.sh', customizations: { vscode: { extensions: ['a.b', 'c.d'], settings: { x: 1, y: 1 } } } },
      { postCreateCommand: 'two', userEnvProbe: 'none' },
    ];
    const config = read({ postCreateCommand: ['three'], customizations: { vscode: { extensions: ['-C.D', 'e.f'], settings: { y: 2 } } } }, metadata);
    assert.deepEqual(config.lifecycle.postCreate, ['one', 'two', ['three']]);
    assert.deepEqual(config.vscode, { extensions: ['a.b', 'e.f'], settings: { x: 1, y: 2 } });
    assert.deepEqual([config.userEnvProbe, config.entrypoints], ['none', ['/init.sh']]);
  });

  it('knows which security options there are', () => {
    assert.throws(() => read({ securityOpt: ['seccomp=x.json'] }), { code: 'DevContainerInvalid', message: /“securityOpt” in devcontainer\.json has the entry “seccomp=x\.json”\. A profile/ });
  });
});
