import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { journey } from './journey.ts';
import { repository } from '../support/setup/paths.mjs';
import { createSandbox, packageExtension, startVisualStudioCode, type Sandbox, type VisualStudioCode } from './fixture.ts';
import { startSlowRegistry } from './slowRegistry.ts';

/** Pulling, unpacking and booting under emulation on a busy machine. */
const patience = 120_000;
/** The guest's, as the last that is shown: a shell on this machine has another folder, and one that has ended says so. */
const prompt = /(?:^|\n)\/workspaces\/sample #$/;

/** One person's day with Berth: the tests follow one another in one window. */
describe('a folder in a container, in VS Code', () => {
  let sandbox: Sandbox;
  let code: VisualStudioCode;

  before(async () => {
    const vsix = await packageExtension();
    sandbox = await createSandbox();
    code = await startVisualStudioCode({ environment: sandbox.environment, vsix });
    await code.workbench.open(code.server.url(sandbox.folder));
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });
  const it = journey(() => code);

  const containerRow = (name: string) => code.workbench.treeItem(new RegExp(`^${name}`));

  it('offers to open the folder when there is no container', async () => {
    await code.workbench.showView('Berth');
    await code.workbench.page.getByRole('button', { name: 'Open Folder in Container' }).first().waitFor();
    await code.workbench.page.getByRole('button', { name: 'Pull Image' }).first().waitFor();
    const entries = await code.workbench.paletteEntries('Berth:');
    assert.ok(entries.some((entry) => entry.includes('Open Folder in Container')));
    for (const senseless of ['Stop Container', 'Remove Container', 'Attach', 'Reconnect']) {
      assert.ok(!entries.some((entry) => entry.includes(senseless)), `the palette offers ${senseless}`);
    }
  });

  it('opens the folder from the palette and runs commands in the guest', async () => {
    await code.workbench.runCommand('Berth: Open Folder in Container');
    await code.workbench.waitForTerminal(prompt, patience);
    await code.workbench.typeInTerminal('uname -r; cat /etc/os-release; ls; pwd; echo $((6*7))');
    const text = await code.workbench.waitForTerminal(/^42$/m);
    const { kernelRelease } = JSON.parse(await readFile(join(repository, 'dist', 'guest', 'kernel.json'), 'utf8')) as { kernelRelease: string };
    assert.match(text, new RegExp(`^${kernelRelease.replaceAll('.', '\\.')}$`, 'm'));
    assert.match(text, /Berth test image/);
    assert.match(text, /greet\.sh/);
    assert.match(text, /^\/workspaces\/sample$/m);
  });

  it('shares the folder both ways, and nothing else', async () => {
    await code.workbench.typeInTerminal('clear; sh greet.sh; grep -c 9p /proc/mounts');
    await code.workbench.waitForTerminal(/^Ahoy from .*\n1$/m);
    assert.match(await readFile(join(sandbox.folder, 'greeting.txt'), 'utf8'), /^Ahoy from /);
  });

  it('follows the size of the terminal', async () => {
    const size = async (name: string): Promise<string> => {
      await code.workbench.typeInTerminal(`echo ${name}=$(stty size)`);
      const text = await code.workbench.waitForTerminal(new RegExp(`^${name}=\\d+ \\d+$`, 'm'));
      return new RegExp(`^${name}=(\\d+ \\d+)$`, 'm').exec(text)?.[1] ?? '';
    };
    const before = await size('before');
    await code.workbench.page.setViewportSize({ width: 1000, height: 900 });
    await code.workbench.typeInTerminal(`until [ "$(stty size)" != "${before}" ]; do :; done; clear`);
    const after = await size('after');
    assert.notEqual(after, before);
    await code.workbench.page.setViewportSize({ width: 1280, height: 800 });
  });

  it('says in the status bar and in the trees what this window uses', async () => {
    await code.workbench.statusBarItem('sample').waitFor();
    await containerRow('sample').filter({ hasText: 'running · this window' }).waitFor();
    await code.workbench.treeItem('busybox:1').filter({ hasText: 'localhost' }).waitFor();
  });

  it('shows the exit code of a process', async () => {
    await code.workbench.typeInTerminal('exit 3');
    await code.workbench.waitForTerminal(/Process exited with code 3\./);
  });

  it('opens another terminal beside one that has ended, and lets that be closed by a key', async () => {
    await code.workbench.runCommand('Berth: Open Folder in Container');
    await code.workbench.waitForTerminal(prompt);
    await code.workbench.runCommand('Terminal: Kill the Active Terminal Instance');
    await code.workbench.closeEndedTerminal();
    await code.workbench.runCommand('Berth: Reopen Terminal');
    await code.workbench.waitForTerminal(prompt);
  });

  it('ends the shell when its terminal is closed', async () => {
    const untilShells = async (wanted: number): Promise<void> => {
      const deadline = Date.now() + patience;
      for (;;) {
        const count = (await sandbox.container('exec', 'sample', 'ps')).match(/ sh$/gm)?.length ?? 0;
        if (count === wanted) return;
        assert.ok(Date.now() < deadline, `there are ${count} shells, and not ${wanted}`);
      }
    };
    // That of the terminal which was closed before may be about to end.
    await untilShells(1);
    await code.workbench.runCommand('Terminal: Kill the Active Terminal Instance');
    await untilShells(0);
    await code.workbench.runCommand('Berth: Reopen Terminal');
    await code.workbench.waitForTerminal(prompt);
  });

  it('follows containers that the command line starts, stops and removes', async () => {
    await sandbox.container('run', '-d', '--name', 'outside', sandbox.image, 'sh', '-c', 'echo one; echo two; exec sleep 1000');
    await containerRow('outside').filter({ hasText: 'running' }).waitFor();
  });

  it('shows a container’s log, which follows until the container stops', async () => {
    await code.workbench.contextMenu(containerRow('outside'), 'Show Log');
    await code.workbench.waitForTerminal(/Log of outside[^]*^one$\n^two$/m);
    await code.workbench.page.setViewportSize({ width: 1000, height: 900 });
    await code.workbench.page.setViewportSize({ width: 1280, height: 800 });
    await sandbox.container('stop', '-t', '1', 'outside');
    await containerRow('outside').filter({ hasText: 'exited with code 137' }).waitFor();
    await code.workbench.waitForTerminal(/^two$[^]*The log ends here: the container has stopped/m);
    await sandbox.container('rm', 'outside');
    await containerRow('outside').waitFor({ state: 'detached' });
  });

  it('pulls an image with progress, and stops when it is cancelled', async () => {
    const slow = await startSlowRegistry(sandbox.registry, 200_000);
    try {
      const reference = sandbox.largeImage.replace(sandbox.registry.host, slow.host);
      await code.workbench.runCommand('Berth: Pull Image…');
      await code.workbench.quickInput.fill('Not An Image');
      await code.workbench.page.locator('.quick-input-message', { hasText: 'no spaces' }).waitFor();
      await code.workbench.answerInput(reference);
      const progress = code.workbench.notification(`Pulling ${reference}`);
      await progress.filter({ hasText: /\d [KM]B/ }).waitFor();
      await code.picture('pull-progress');
      await progress.getByRole('button', { name: 'Cancel' }).click();
      await progress.waitFor({ state: 'detached' });
      assert.ok(!(await sandbox.container('image', 'ls')).includes(slow.host), 'nothing half-pulled is listed');

      slow.hurry();
      await code.workbench.runCommand('Berth: Pull Image…');
      await code.workbench.answerInput(reference);
      await code.workbench.treeItem('large:1').filter({ hasText: slow.host }).waitFor();
    } finally {
      await slow.stop();
    }
  });

  it('finds the container again when the window is reloaded', async () => {
    await code.workbench.reload();
    await code.workbench.statusBarItem('sample').waitFor();
    await code.workbench.waitForTerminal(prompt);
    await code.workbench.typeInTerminal('echo again $((6*7))');
    await code.workbench.waitForTerminal(/^again 42$/m);
  });

  it('stops the container, and the terminal says why it ended', async () => {
    await code.workbench.showView('Berth');
    await code.workbench.contextMenu(containerRow('sample'), 'Stop');
    await code.workbench.waitForTerminal(/The container “sample” has stopped\.[^]*Press any key to close/, patience);
    await containerRow('sample').filter({ hasText: 'stopped' }).waitFor();
    await code.workbench.statusBarItem('stopped').waitFor();
  });

  it('starts it again for a terminal of its profile', async () => {
    await code.workbench.runCommand('Create New Terminal (With Profile)');
    await code.workbench.quickPickRow('Container').click();
    await code.workbench.waitForTerminal(prompt, patience);
    assert.equal(await code.workbench.page.locator('.notifications-toasts .codicon-error').count(), 0);
    await sandbox.container('stop', 'sample');
    await code.workbench.waitForTerminal(/The container “sample” has stopped\./);
  });

  it('starts the same container again when the folder is opened again', async () => {
    const idBefore = await containerId();
    await code.workbench.runCommand('Berth: Open Folder in Container');
    await code.workbench.waitForTerminal(prompt, patience);
    assert.equal(await containerId(), idBefore);
  });

  it('keeps the container until there is another image for it, and asks but once', async () => {
    const idBefore = await containerId();
    const missing = sandbox.image.replace('busybox:1', 'missing:1');
    await sandbox.configure({ image: missing });
    await code.workbench.runCommand('Berth: Open Folder in Container');
    await code.workbench.dialog.filter({ hasText: 'has changed since its container was made' }).waitFor();
    await code.picture('configuration-changed');
    await code.workbench.dialog.getByRole('button', { name: 'Make Anew' }).click();
    const message = code.workbench.notification('berth/missing');
    await message.getByRole('button', { name: 'Choose Image…' }).waitFor();
    assert.equal(await containerId(), idBefore);
    await message.getByRole('button', { name: 'Choose Image…' }).click();
    await code.workbench.quickPickRow('busybox:1').click();
    // The terminal in the old container ends; that in the new one takes its place.
    await code.workbench.waitForTerminal(/Press any key to close/, patience);
    await code.workbench.waitForTerminal(prompt, patience);
    const idAfter = await containerId();
    assert.notEqual(idAfter, idBefore);
    await code.workbench.typeInTerminal('echo made anew');
    await code.workbench.waitForTerminal(/^made anew$/m);
    // It fits the configuration as well as it can, so nothing is asked, and its terminal is shown.
    await code.workbench.runCommand('Berth: Open Folder in Container');
    await code.workbench.typeInTerminal('echo and again');
    await code.workbench.waitForTerminal(/^made anew$[^]*^and again$/m);
    assert.equal(await containerId(), idAfter);
    await sandbox.configure({ image: sandbox.image });
  });

  it('offers actions in the status bar', async () => {
    await code.workbench.statusBarItem('sample').click();
    await code.workbench.quickPickRow('Open Terminal').waitFor();
    await code.workbench.quickPickRow('Inspect').click();
    await code.workbench.page.locator('.editor-group-container .monaco-editor', { hasText: 'manifestDigest' }).waitFor();
  });

  it('renames and restarts a container, and removes those that do not run', async () => {
    await sandbox.container('create', '--name', 'spare', sandbox.image, 'true');
    await containerRow('spare').filter({ hasText: 'created' }).waitFor();
    await code.workbench.contextMenu(containerRow('sample'), 'Rename');
    await code.workbench.quickInput.fill('no good');
    await code.workbench.page.locator('.quick-input-message', { hasText: 'Use letters' }).waitFor();
    await code.workbench.answerInput('renamed');
    await containerRow('renamed').waitFor();
    await sandbox.container('rename', 'renamed', 'sample');
    await containerRow('sample').waitFor();
    const [{ startedAt = '' } = {}] = JSON.parse(await sandbox.container('inspect', 'sample')) as { startedAt?: string }[];
    await code.workbench.contextMenu(containerRow('sample'), 'Restart');
    const progress = code.workbench.notification('Restarting sample');
    await progress.waitFor();
    await progress.waitFor({ state: 'detached', timeout: patience });
    const [again] = JSON.parse(await sandbox.container('inspect', 'sample')) as { startedAt: string; state: string }[];
    assert.ok(again && again.startedAt > startedAt && again.state === 'running');
    await code.workbench.runCommand('Berth: Remove Stopped Containers…');
    await code.workbench.dialog.getByRole('button', { name: 'Remove' }).click();
    await code.workbench.notification('Removed 1 container').waitFor();
    await code.picture('pruned');
    await containerRow('spare').waitFor({ state: 'detached' });
    await containerRow('sample').filter({ hasText: 'running' }).waitFor();
  });

  it('asks before it removes, and leaves nothing behind', async () => {
    const id = await containerId();
    await code.workbench.contextMenu(containerRow('sample'), 'Remove');
    await code.workbench.dialog.waitFor();
    await code.picture('remove-asks');
    await code.workbench.dialog.getByRole('button', { name: 'Cancel' }).click();
    await containerRow('sample').filter({ hasText: 'running' }).waitFor();
    await code.workbench.contextMenu(containerRow('sample'), 'Remove');
    await code.workbench.dialog.getByRole('button', { name: 'Remove' }).click();
    await containerRow('sample').waitFor({ state: 'detached', timeout: patience });
    await code.workbench.statusBarItem('sample').waitFor({ state: 'detached' });
    assert.ok(!existsSync(sandbox.paths.container(id).directory));
    assert.ok(existsSync(join(sandbox.folder, 'greeting.txt')), 'the folder itself is untouched');
  });

  async function containerId(): Promise<string> {
    const [info] = JSON.parse(await sandbox.container('inspect', 'sample')) as { id: string }[];
    assert.ok(info);
    return info.id;
  }
});
