import assert from 'node:assert/strict';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { createSandbox, packageExtension, startVisualStudioCode, type Sandbox, type VisualStudioCode } from './fixture.ts';
import { journey } from './journey.ts';

/** Pulling, unpacking and booting under emulation on a busy machine. */
const patience = 180_000;
const prompt = /(?:^|\n)\/workspaces\/sample #$/;

/** What a devcontainer.json runs in the life of a container: when, how often, as what, and what is seen of it. */
describe('lifecycle commands, in VS Code', () => {
  let sandbox: Sandbox;
  let code: VisualStudioCode;

  before(async () => {
    const vsix = await packageExtension();
    sandbox = await createSandbox();
    await sandbox.configure({
      image: sandbox.image,
      init: true,
      capAdd: ['SYS_PTRACE'],
      securityOpt: ['seccomp=unconfined'],
      remoteEnv: { FROM_REMOTE: 'remote ${containerEnv:GREETING}' },
      containerEnv: { GREETING: 'Ahoy' },
      userEnvProbe: 'loginShell',
      initializeCommand: 'echo initialize >> order; [ ! -e /proc/1/root/etc/alpine-release ]',
      onCreateCommand: 'echo onCreate >> order; echo "export FROM_PROFILE=probed PATH=/bin:/sbin" > /etc/profile',
      updateContentCommand: ['sh', '-c', 'echo "updateContent $0 $FROM_REMOTE" >> order', 'two ${containerEnv:GREETING}'],
      // Two that append to one shared file at the same time may write to the same place.
      postCreateCommand: { first: 'echo postCreate >> order', second: ['sh', '-c', 'echo second >> other'] },
      postStartCommand: 'until [ -e go ]; do sleep 0.2; done; echo postStart >> order',
      postAttachCommand: 'echo postAttach >> order',
      waitFor: 'postCreateCommand',
      customizations: { berth: { guestFolders: ['node_modules'] } },
    });
    code = await startVisualStudioCode({ environment: sandbox.environment, vsix });
    await code.workbench.open(code.server.url(sandbox.folder));
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });
  const it = journey(() => code);

  /** The lines of a file of the folder, once there are so many. */
  async function lines(name: string, count: number): Promise<string[]> {
    const watcher = watch(sandbox.folder);
    const late = AbortSignal.timeout(patience);
    try {
      for (;;) {
        const changed = once(watcher, 'change', { signal: late });
        changed.catch(() => undefined); // Nobody may be waiting for it any more.
        const found = (await readFile(join(sandbox.folder, name), 'utf8').catch(() => '')).split('\n').slice(0, -1);
        if (found.length >= count) return found;
        await changed;
      }
    } finally {
      watcher.close();
    }
  }

  it('run in their order before the terminal comes, as far as it is waited for', async () => {
    await code.workbench.runCommand('Berth: Open Folder in Container');
    await code.workbench.waitForTerminal(prompt, patience);
    assert.deepEqual(await lines('order', 4), ['initialize', 'onCreate', 'updateContent two Ahoy remote Ahoy', 'postCreate']);
    assert.deepEqual(await lines('other', 1), ['second']);
  });

  it('go on in the background, which the status bar says', async () => {
    const item = code.workbench.statusBarItem('postStartCommand');
    await item.waitFor();
    await code.picture('lifecycle-in-the-background');
    await writeFile(join(sandbox.folder, 'go'), '');
    assert.deepEqual((await lines('order', 6)).slice(4), ['postStart', 'postAttach']);
    await item.waitFor({ state: 'detached' });
  });

  it('have their output in the log', async () => {
    await code.workbench.runCommand('Berth: Open Log');
    await code.workbench.page.locator('.part.panel .view-line', { hasText: 'All lifecycle commands have been run' }).waitFor();
    await code.workbench.page.locator('.part.panel .view-line', { hasText: 'postAttachCommand: echo postAttach' }).waitFor();
  });

  it('are in a container with the rights that the file gives', async () => {
    const status = await sandbox.container('exec', 'sample', 'grep', '-E', '^(CapEff|Seccomp):', '/proc/self/status');
    assert.match(status, /CapEff:\t0{8}a80c25fb\nSeccomp:\t0\n/);
    assert.doesNotMatch(await sandbox.container('exec', 'sample', 'cat', '/proc/1/comm'), /^sh$/m);
    assert.match(await sandbox.container('exec', 'sample', 'grep', 'node_modules', '/proc/mounts'), / \/workspaces\/sample\/node_modules ext4 /);
  });

  it('belong to a window that says how it uses the container', async () => {
    const late = Date.now() + patience;
    while (!(await sandbox.container('inspect', 'sample')).includes('"whenUnused": "stop"')) assert.ok(Date.now() < late, 'the window has not said it');
  });

  it('are not run again by a reload, but for those of each attachment', async () => {
    await code.workbench.reload();
    assert.deepEqual((await lines('order', 7)).slice(6), ['postAttach']);
  });

  it('of each start run again after one, and programs have the environment of the user’s shell', async () => {
    await sandbox.container('restart', 'sample');
    assert.deepEqual((await lines('order', 9)).slice(7), ['postStart', 'postAttach']);
    await code.workbench.runCommand('Berth: Open Terminal');
    await code.workbench.waitForTerminal(prompt, patience);
    await code.workbench.typeInTerminal('clear; echo "<$FROM_REMOTE|$FROM_PROFILE>"');
    await code.workbench.waitForTerminal(/^<remote Ahoy\|probed>$/m);
  });

  it('that fail are named, with their output in the log, and run again once they are mended', async () => {
    await sandbox.container('rm', '-f', 'sample');
    await sandbox.configure({ image: sandbox.image, waitFor: 'postCreateCommand', onCreateCommand: 'echo created >> tries', postCreateCommand: 'echo try >> tries; echo "no such tool"; exit 7' });
    await code.workbench.runCommand('Berth: Open Folder in Container');
    const message = code.workbench.notification('“postCreateCommand” in .devcontainer/devcontainer.json ended with exit code 7');
    await message.waitFor({ timeout: patience });
    await code.picture('message-lifecycle-command-failed');
    await sandbox.configure({ image: sandbox.image, waitFor: 'postCreateCommand', onCreateCommand: 'echo created >> tries', postCreateCommand: 'echo mended >> tries' });
    await message.getByRole('button', { name: 'Retry' }).click();
    await code.workbench.waitForTerminal(prompt, patience);
    assert.deepEqual(await lines('tries', 3), ['created', 'try', 'mended']);
    await code.workbench.runCommand('Berth: Open Log');
    await code.workbench.page.locator('.part.panel .view-line', { hasText: 'no such tool' }).first().waitFor();
  });
});
