import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultBehaviour, readBehaviour } from './behaviour.ts';

const read = (root: Record<string, unknown>) => readBehaviour(root, 'devcontainer.json');

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
      customizations: { vscode: { extensions: ['a.b'], settings: { 'x.y': 1 } }, berth: { guestFolders: ['node_modules'] } },
    });
    assert.deepEqual(config.world, { init: true, privileged: true, capAdd: ['SYS_PTRACE'], unfiltered: true });
    assert.deepEqual(config.hostRequirements, { cpus: 2, memoryBytes: 4 * 1024 ** 3, storageBytes: 1024, gpu: 'optional' });
    assert.deepEqual([config.overrideCommand, config.shutdownAction, config.guestFolders], [false, 'none', ['node_modules']]);
    assert.deepEqual(config.vscode, { extensions: ['a.b'], settings: { 'x.y': 1 } });
  });

  it('says what is wrong, and where', () => {
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ postCreateCommand: 1 }, /“postCreateCommand” in devcontainer\.json must be a text, a list of texts, or an object/],
      [{ postCreateCommand: { a: { b: 'c' } } }, /“postCreateCommand”/],
      [{ waitFor: 'postAttachCommand' }, /“waitFor”.*must be one of initializeCommand, /],
      [{ init: 'yes' }, /“init”.*true or false/],
      [{ securityOpt: ['seccomp=x.json'] }, /“securityOpt” in devcontainer\.json has the entry “seccomp=x\.json”\. A profile/],
      [{ hostRequirements: { memory: 'much' } }, /“hostRequirements\.memory”/],
      [{ customizations: { vscode: { extensions: 'a.b' } } }, /“customizations\.vscode\.extensions”.*a list of texts/],
    ];
    for (const [root, message] of wrong) assert.throws(() => read(root), { code: 'DevContainerInvalid', message });
  });
});
