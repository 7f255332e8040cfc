import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PathMapping } from '../workspace/pathMapping.ts';
import { announcedPort, attachConfiguration, choosePort, nodeProcess, readNodeLaunch } from './nodeLaunch.ts';

const mapping = PathMapping.of({ mounts: [{ source: '/home/ada/app', target: '/workspaces/app', readOnly: false }] });
const launch = { type: 'container-node', request: 'launch', name: 'Try', program: '/home/ada/app/src/a.js', args: ['--in=/home/ada/app/x'], env: { A: 1 }, skipFiles: ['<node_internals>/**'] };

describe('debugging Node in a container', () => {
  it('starts the program with an inspector on the container’s loopback', () => {
    assert.deepEqual(nodeProcess(readNodeLaunch(launch), mapping, '/home/ada/app', 50000), {
      command: ['node', '--inspect-brk=127.0.0.1:50000', '/workspaces/app/src/a.js', '--in=/workspaces/app/x'], env: { A: '1' }, terminal: true, cwd: '/workspaces/app',
    });
    const other = readNodeLaunch({ ...launch, runtimeExecutable: 'tsx', runtimeArgs: ['--no-cache'], cwd: '/srv', args: undefined });
    assert.deepEqual(nodeProcess(other, mapping, undefined, undefined), { command: ['tsx', '--no-cache', '/workspaces/app/src/a.js'], env: { A: '1' }, terminal: true, cwd: '/srv' });
  });

  it('hands over to VS Code’s debugger', () => {
    assert.deepEqual(attachConfiguration(launch, mapping, '/home/ada/app', 40000), {
      type: 'node', request: 'attach', name: 'Try', address: '127.0.0.1', port: 40000, localRoot: '/home/ada/app', remoteRoot: '/workspaces/app',
      skipFiles: ['<node_internals>/**'], continueOnAttach: true, autoAttachChildProcesses: false, internalConsoleOptions: 'neverOpen',
    });
    const attached = attachConfiguration({ request: 'attach', port: 9229, remoteRoot: '/srv' }, mapping, '/home/ada/app', 40000);
    assert.equal(attached['remoteRoot'], '/srv');
    assert.equal('continueOnAttach' in attached, false);
  });

  it('says what is wrong with a configuration', () => {
    for (const wrong of [{ request: 'x' }, { program: 1 }, { program: undefined }, { args: 'x' }, { cwd: 3 }, { env: [] }, { port: 0 }, { runtimeExecutable: '' }]) {
      assert.throws(() => readNodeLaunch({ ...launch, ...wrong }), { code: 'InvalidArgument', message: /launch\.json/ });
    }
    assert.equal(readNodeLaunch({ ...launch, program: undefined, runtimeArgs: ['--test'] }).program, undefined);
  });

  it('knows where the inspector waits', () => {
    assert.equal(announcedPort('x\r\nDebugger listening on ws://127.0.0.1:50123/0a-b\r\n'), 50123);
    assert.equal(announcedPort('Debugger listening on ws://127.0.0.1:501'), undefined);
    let next = 0;
    assert.equal(choosePort(new Set([49_152]), () => [0, 0.5][next++] ?? 0), 57_344);
  });
});
