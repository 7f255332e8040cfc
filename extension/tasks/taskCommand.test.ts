import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PathMapping } from '../workspace/pathMapping.ts';
import { readContainerTask, taskProcess } from './taskCommand.ts';

const mapping = PathMapping.of({ mounts: [{ source: '/home/ada/app', target: '/workspaces/app', readOnly: false }] });
const processOf = (definition: Record<string, unknown>) => taskProcess(readContainerTask(definition), mapping, '/home/ada/app');

describe('tasks of the type container', () => {
  it('run a line in a shell, or a program with its arguments', () => {
    assert.deepEqual(processOf({ command: 'make && make install' }), { command: ['/bin/sh', '-c', 'make && make install'], terminal: true, cwd: '/workspaces/app' });
    assert.deepEqual(processOf({ command: 'npm', args: ['run', 'a b'] }).command, ['npm', 'run', 'a b']);
  });

  it('mean the container’s paths', () => {
    assert.deepEqual(processOf({ command: 'cat /home/ada/app/x', cwd: '/home/ada/app/sub', env: { HERE: '/home/ada/app', N: 1 } }), {
      command: ['/bin/sh', '-c', 'cat /workspaces/app/x'], terminal: true, cwd: '/workspaces/app/sub', env: { HERE: '/workspaces/app', N: '1' },
    });
    assert.equal(processOf({ command: 'x', cwd: 'packages/a' }).cwd, '/workspaces/app/packages/a');
    assert.equal(processOf({ command: 'x', cwd: '/srv' }).cwd, '/srv');
    assert.equal(taskProcess(readContainerTask({ command: 'x' }), mapping, undefined).cwd, undefined);
  });

  it('say what is wrong with them', () => {
    for (const definition of [{}, { command: '' }, { command: 'x', args: 'y' }, { command: 'x', cwd: 1 }, { command: 'x', env: [] }, { command: 'x', env: { a: {} } }, { command: 'x', mapPaths: 'no' }]) {
      assert.throws(() => readContainerTask(definition), { code: 'InvalidArgument', message: /Correct it in tasks\.json/ });
    }
  });
});
