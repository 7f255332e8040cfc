import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { defaultDevContainer } from '../../runtime-host/devcontainer/devcontainer.ts';
import { execOptions } from './execOptions.ts';

const container = {
  user: 'root', workingDirectory: '/workspaces/project', env: ['PATH=/bin'], mounts: [{ source: '/home/anna/project', target: '/workspaces/project', readOnly: false }],
} as unknown as ContainerInfo;
const config = defaultDevContainer({ localFolder: '/home/anna/project', localEnv: {} });
const command = ['make'];

describe('a process in a container', () => {
  it('starts where the configuration says, as the user that it names, with its environment', () => {
    const { workingDirectory, user, env, size } = execOptions(container, { ...config, workspaceFolder: '/workspaces/project/a', remoteUser: 'dev', remoteEnv: { PATH: '${containerEnv:PATH}:/opt' } }, { command, terminal: true, size: { columns: 80, rows: 24 } });
    assert.deepEqual([workingDirectory, user, env?.at(-1), size], ['/workspaces/project/a', 'dev', 'PATH=/bin:/opt', { columns: 80, rows: 24 }]);
  });

  it('starts where the container does when the configuration has another place by now, or there is none', () => {
    for (const workspaceFolder of ['/srv/app', '/workspaces/project2']) assert.equal(execOptions(container, { ...config, workspaceFolder }, { command }).workingDirectory, '/workspaces/project');
    const { workingDirectory, user } = execOptions(container, undefined, { command });
    assert.deepEqual([workingDirectory, user], ['/workspaces/project', 'root']);
  });

  it('takes what is asked for before what is configured, and that before what a shell has', () => {
    const { workingDirectory, env } = execOptions(container, { ...config, remoteEnv: { A: 'remote', B: 'remote' } }, { command, cwd: '/tmp', env: { B: 'asked' } }, ['A=probed', 'C=probed']);
    assert.equal(workingDirectory, '/tmp');
    assert.deepEqual(env, ['A=probed', 'C=probed', 'A=remote', 'B=remote', 'B=asked']);
  });

  it('has a terminal and an open input only when that is asked for', () => {
    const plain = execOptions(container, config, { command });
    assert.deepEqual([plain.terminal, plain.stdin, plain.env, plain.hangUp], [undefined, undefined, [], true]);
    const { terminal, stdin, env } = execOptions(container, config, { command, terminal: true });
    assert.deepEqual([terminal, stdin, env], [true, true, ['TERM=xterm-256color', 'COLORTERM=truecolor']]);
    assert.equal(execOptions(container, config, { command, stdin: true }).stdin, true);
  });
});
