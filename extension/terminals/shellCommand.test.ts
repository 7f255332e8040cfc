import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { defaultDevContainer } from '../config/devcontainer.ts';
import { shellCommand } from './shellCommand.ts';

const container = {
  user: 'root', workingDirectory: '/workspaces/project', env: ['PATH=/bin'], mounts: [{ source: '/home/anna/project', target: '/workspaces/project', readOnly: false }],
} as unknown as ContainerInfo;
const config = defaultDevContainer({ localFolder: '/home/anna/project', localEnv: {} });

describe('the shell of a terminal', () => {
  it('starts where the configuration says, as the user that it names, with its environment', () => {
    const { workingDirectory, user, env, size } = shellCommand(container, { ...config, workspaceFolder: '/workspaces/project/a', remoteUser: 'dev', remoteEnv: { PATH: '${containerEnv:PATH}:/opt' } }, { columns: 80, rows: 24 });
    assert.deepEqual([workingDirectory, user, env?.at(-1), size], ['/workspaces/project/a', 'dev', 'PATH=/bin:/opt', { columns: 80, rows: 24 }]);
  });

  it('starts where the container does when the configuration has another place by now, or there is none', () => {
    for (const workspaceFolder of ['/srv/app', '/workspaces/project2']) assert.equal(shellCommand(container, { ...config, workspaceFolder }, undefined).workingDirectory, '/workspaces/project');
    const { workingDirectory, user } = shellCommand(container, undefined, undefined);
    assert.deepEqual([workingDirectory, user], ['/workspaces/project', 'root']);
  });
});
