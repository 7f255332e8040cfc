import assert from 'node:assert/strict';
import { chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ContainerWorld, type Execs } from '../../extension/lifecycle/containerWorld.ts';
import { runStage } from '../../extension/lifecycle/runStages.ts';
import type { Stage } from '../../extension/lifecycle/stages.ts';
import { EnvironmentProbes } from '../../extension/workspace/environmentProbes.ts';
import type { HostStream } from '../../runtime-host/client/index.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { ContainerService } from '../../runtime-host/services/interfaces.ts';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

/* Lifecycle commands and the environment of users' shells, as the extension has them, in one container of BusyBox. */

const isRoot = process.getuid?.() === 0;
const never = new AbortController().signal;
const origin = { property: 'postCreateCommand', fileName: 'devcontainer.json' };

let berth: VmHarness;
let folder: string;
let container: ContainerInfo;
before(async () => {
  berth = await startVmHarness();
  folder = await mkdtemp(join(tmpdir(), 'berth-workspace-'));
  // As on a machine whose user has another number than the image's, and the host's where it may give files away.
  if (isRoot) await chown(folder, 4321, 4321);
  // With an init, which collects what is orphaned.
  container = await berth.background({ init: true, mounts: [{ source: folder, target: '/w', readOnly: false }], env: ['PATH=/opt/tool/bin:/bin:/usr/bin:/sbin'], stopTimeoutSeconds: 0 });
  const { exitCode, stderr } = await berth.exec(container.id, ['sh', '-c', `
    mkdir -p /home/dev /etc && chown 1000 /home/dev && echo 'root:x:0:0::/root:/bin/sh\ndev:x:1000:1000::/home/dev:/bin/sh' > /etc/passwd
    echo 'echo Welcome; PATH=/bin:/usr/bin; export PATH FROM_PROFILE="two\nlines"' > /etc/profile`]);
  assert.deepEqual([exitCode, stderr], [0, '']);
}, { timeout: 180_000 });
after(async () => {
  await berth.stop();
  await rm(folder, { recursive: true });
});

/** What the extension has of the runtime host, over the services themselves. */
function execsOf(containers: ContainerService): Execs {
  return { exec: async (id, process) => {
    const streams = await containers.exec(id, process);
    return { ...streams, status: streams.exit } as unknown as HostStream;
  } };
}

function world(onWaiting: () => void = () => undefined, containers: ContainerService = berth.containers): ContainerWorld {
  return new ContainerWorld({
    execs: execsOf(containers), container, onWaiting,
    optionsOf: async (command) => ({ command, user: '1000:1000', workingDirectory: '/w', hangUp: true, env: ['HOME=/home/dev'] }),
  });
}

function stage(name: Stage['name'], once: Stage['once'], ...commands: Stage['commands']): Stage {
  return { name, once, commands };
}

interface RanOptions {
  readonly where?: ContainerWorld;
  readonly signal?: AbortSignal;
  /** Gets all that it has printed so far, each time that there is more. */
  readonly onOutput?: (text: string) => void;
}

/** Runs it and gives what it has printed. */
async function ran(one: Stage, { where = world(), signal = never, onOutput = () => undefined }: RanOptions = {}): Promise<string> {
  let text = '';
  const write = (part: string): void => {
    text += part;
    onOutput(text);
  };
  await runStage(one, origin, where, { step: () => undefined, write }, signal);
  return text;
}

test('commands run as the remote user, in the workspace, whose files then belong to the host’s user', { timeout: 120_000 }, async () => {
  await writeFile(join(folder, 'ofHost'), 'host\n', { mode: 0o600 });
  if (isRoot) await chown(join(folder, 'ofHost'), 4321, 4321);
  const printed = await ran(stage('onCreateCommand', 'container', 'id -u; pwd; echo guest >> ofHost', ['sh', '-c', 'echo "$0"; mkdir made; echo x > made/file', 'a  b']));
  assert.equal(printed, '1000\n/w\na  b\n');
  assert.equal(await readFile(join(folder, 'ofHost'), 'utf8'), 'host\nguest\n');
  for (const name of ['made', 'made/file']) {
    const { uid, gid } = await stat(join(folder, name));
    assert.deepEqual([uid, gid], isRoot ? [4321, 4321] : [process.getuid?.(), process.getgid?.()], name);
  }
});

test('what is run once in a container’s life, and once for each start, is so after a restart, too', { timeout: 180_000 }, async () => {
  const once = stage('onCreateCommand', 'container', 'echo again >> onCreate');
  const each = stage('postStartCommand', 'start', 'echo start >> postStart');
  const past = await world().past([once, each], never);
  assert.deepEqual([...past.done], ['onCreateCommand'], 'of the test before');
  for (const one of [once, each, each]) await ran(one);
  await assert.rejects(stat(join(folder, 'onCreate')), { code: 'ENOENT' });
  assert.equal(await readFile(join(folder, 'postStart'), 'utf8'), 'start\n');

  container = await berth.containers.restart(container.id);
  const later = await world().past([once, each], never);
  assert.deepEqual([[...later.done], later.boot !== past.boot], [['onCreateCommand'], true]);
  for (const one of [once, each]) await ran(one);
  assert.equal(await readFile(join(folder, 'postStart'), 'utf8'), 'start\nstart\n');
});

test('of two windows one runs it, the other waits; after a failure the next one runs it again', { timeout: 120_000 }, async () => {
  const both = stage('updateContentCommand', 'container', 'echo run >> runs; [ -e may ] || exit 9');
  await assert.rejects(ran(both), { code: 'LifecycleCommandFailed', message: /ended with exit code 9/ });
  await writeFile(join(folder, 'may'), '');
  // It ends only when the other has been seen to wait.
  const begun = Promise.withResolvers<void>();
  const slow = stage('updateContentCommand', 'container', 'echo run >> runs; echo begun; while ! [ -e seen ]; do sleep 0.1; done');
  const first = ran(slow, { onOutput: () => begun.resolve() });
  await begun.promise;
  const waiting = Promise.withResolvers<void>();
  const second = ran(both, { where: world(() => waiting.resolve()) });
  await waiting.promise;
  await writeFile(join(folder, 'seen'), '');
  await Promise.all([first, second]);
  assert.equal(await readFile(join(folder, 'runs'), 'utf8'), 'run\nrun\n');
});

test('a cancelled command ends with all that it has started, and is run again the next time', { timeout: 120_000 }, async () => {
  const cancellation = new AbortController();
  let grandchild = '';
  const onOutput = (text: string): void => {
    if (!text.endsWith('\n')) return;
    grandchild = text.trim();
    cancellation.abort();
  };
  const script = 'sh -c "echo \\$\\$; exec sleep 98765" & wait';
  await assert.rejects(ran(stage('postCreateCommand', 'container', script), { signal: cancellation.signal, onOutput }), { name: 'AbortError' });
  assert.match(grandchild, /^\d+$/);
  const { exitCode } = await berth.exec(container.id, ['sh', '-c', 'while kill -0 "$0" 2>/dev/null; do sleep 0.1; done', grandchild]);
  assert.equal(exitCode, 0);
  assert.equal(await ran(stage('postCreateCommand', 'container', 'echo again')), 'again\n');
});

test('the user’s shell tells its environment, with what the container’s PATH has beside it', { timeout: 120_000 }, async () => {
  const notices: string[] = [];
  const probes = new EnvironmentProbes({ exec: (id, process) => execsOf(berth.containers).exec(id, process), notice: (sentence) => notices.push(sentence) });
  const login = await probes.of(container, { probe: 'loginShell', user: '1000:1000' });
  assert.deepEqual(notices, []);
  assert.ok(login.includes('FROM_PROFILE=two\nlines'), login.join(' '));
  assert.equal(login.find((entry) => entry.startsWith('PATH=')), 'PATH=/opt/tool/bin:/bin:/usr/bin');
  assert.equal(login.find((entry) => entry.startsWith('HOME=')), 'HOME=/home/dev');
  const root = await probes.of(container, { probe: 'loginShell', user: '' });
  assert.equal(root.find((entry) => entry.startsWith('PATH=')), 'PATH=/opt/tool/bin:/bin:/usr/bin:/sbin');
  const interactive = await probes.of(container, { probe: 'interactiveShell', user: '1000:1000' });
  assert.ok(!interactive.some((entry) => entry.startsWith('FROM_PROFILE=')));
});

test('start files that do not end keep nobody waiting for ever', { timeout: 120_000 }, async () => {
  await berth.exec(container.id, ['sh', '-c', 'echo "echo \\$\\$ > /w/probing; exec sleep 87654" > /etc/profile']);
  const notices: string[] = [];
  const probes = new EnvironmentProbes({ exec: (id, process) => execsOf(berth.containers).exec(id, process), notice: (sentence) => notices.push(sentence), limitMilliseconds: 1000 });
  assert.deepEqual(await probes.of(container, { probe: 'loginShell', user: '1000:1000' }), []);
  assert.match(notices.join(), /did not end within 1 seconds/);
});
