import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type { Locator } from 'playwright-core';
import { createSandbox, packageExtension, startVisualStudioCode, type Sandbox, type VisualStudioCode } from './fixture.ts';
import { journey } from './journey.ts';

/** What Berth's views show and offer: the tests follow one another in one window. */
describe('Berth’s views, in VS Code', () => {
  let sandbox: Sandbox;
  let code: VisualStudioCode;

  before(async () => {
    const vsix = await packageExtension();
    sandbox = await createSandbox();
    code = await startVisualStudioCode({
      environment: sandbox.environment, vsix,
      browser: (server) => ({ viewport: { width: 1280, height: 1400 }, prepare: (context) => context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin }) }),
    });
    await code.workbench.open(code.server.url(sandbox.folder));
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });
  const it = journey(() => code);

  const row = (text: string | RegExp) => code.workbench.treeItem(text);
  const open = (item: Locator): Promise<void> => item.and(code.workbench.page.locator('[aria-expanded=false]')).locator('.monaco-tl-twistie').click();
  const close = (item: Locator): Promise<void> => item.and(code.workbench.page.locator('[aria-expanded=true]')).locator('.monaco-tl-twistie').click();
  const list = async (...what: string[]): Promise<string[]> => (await sandbox.container(...what, 'ls', '-q')).split('\n').filter(Boolean);

  it('say what to do when there is nothing', async () => {
    const { workbench } = code;
    await workbench.showView('Berth');
    for (const view of ['Volumes', 'Networks']) await workbench.runCommand(`Berth: Focus on ${view} View`);
    for (const offer of ['Open Folder in Container', 'Pull Image', 'Create Volume', 'Create Network']) {
      await workbench.page.locator('.welcome-view').getByRole('button', { name: offer }).waitFor();
    }
  });

  it('make a volume, by the words of the welcome view', async () => {
    const { workbench } = code;
    await workbench.page.locator('.welcome-view').getByRole('button', { name: 'Create Volume' }).click();
    await workbench.quickInput.fill('x');
    await workbench.page.locator('.quick-input-message', { hasText: 'two or more letters' }).waitFor();
    await workbench.answerInput('cache');
    await workbench.quickPickRow('Disk').click();
    await row(/^cache.*not used/).waitFor();
    assert.deepEqual(await list('volume'), ['cache']);
  });

  it('make a network, and show who is in it and who uses the volume', async () => {
    const { workbench } = code;
    await workbench.runCommand('Berth: Create Network…');
    await workbench.answerInput('backend', 'Create Network');
    await workbench.answerInput('10.77.0.0/24', 'Create Network backend');
    await row(/^backend.*10\.77\.0\.0\/24 · no container/).waitFor();
    await sandbox.container('run', '-d', '--name', 'user', '-v', 'cache:/cache', '--network', 'backend', sandbox.image, 'sleep', '1000');
    await open(row(/^cache.*used by user/));
    await row(/^user.*\/cache/).waitFor();
    await open(row(/^backend.*1 container/));
    await row(/^user.*10\.77\.0\.\d+/).last().waitFor();
  });

  it('show everything that the host knows of a volume', async () => {
    const { workbench } = code;
    await workbench.contextMenu(row(/^cache/), 'Inspect');
    await workbench.page.locator('.monaco-editor .view-line', { hasText: '"driver": "ext4"' }).waitFor();
    await workbench.page.locator('.tab', { hasText: 'cache.json' }).waitFor();
  });

  it('show a container’s image, addresses, mounts, processes and what it uses', async () => {
    const { workbench } = code;
    await workbench.page.locator('.part.activitybar .action-item', { hasText: /1/ }).locator('.badge').waitFor();
    await sandbox.container('exec', '-d', 'user', 'sleep', '2222');
    await open(row(/^user.*running/));
    await row(/^busybox:1image/).waitFor();
    await row(/^10\.77\.0\.\d+backend/).waitFor();
    await open(row(/^Mounts1/));
    await row(/^\/cachevolume cache/).waitFor();
    await open(row(/^Processes/));
    await row(/^sleep 1000\s*1 · root · 0:00/).waitFor();
    await row(/^sleep 2222/).waitFor();
    await open(row(/^Resource Use/));
    await row(/^CPU\d+(\.\d)? %/).waitFor();
    await row(/^Memory[\d.]+ [KM]B of \d+ MB/).waitFor();
    await code.picture('trees-container');
  });

  it('follow its processes, send them signals, and look away when the section is closed', async () => {
    const { workbench } = code;
    await sandbox.container('exec', '-d', 'user', 'sleep', '3333');
    await row(/^sleep 3333/).waitFor();
    await workbench.contextMenu(row(/^sleep 3333/), 'Terminate');
    await row(/^sleep 3333/).waitFor({ state: 'detached' });
    await workbench.contextMenu(row(/^sleep 2222/), 'Send Signal');
    await workbench.quickPickRow('SIGKILL').click();
    await row(/^sleep 2222/).waitFor({ state: 'detached' });
    // What it counts goes with the watch, which is over.
    await close(row(/^Processes/));
    await row(/^Processes$/).waitFor();
    await close(row(/^Resource Use/));
    await row(/^Resource Use$/).waitFor();
  });

  it('copy an address, and an image’s digest', async () => {
    const { workbench } = code;
    const copied = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(await workbench.page.evaluate<string>('navigator.clipboard.readText()'))) await workbench.page.waitForTimeout(20);
    };
    await workbench.contextMenu(row(/^10\.77\.0\.\d+backend/), 'Copy');
    await copied(/^10\.77\.0\.\d+$/);
    await row(/^busybox:1.*used by user/).waitFor();
    await workbench.contextMenu(row(/^busybox:1.*used by user/), 'Copy Image Digest');
    await copied(/^sha256:[0-9a-f]{64}$/);
  });

  it('run a container of an image in a terminal', async () => {
    const { workbench } = code;
    await workbench.contextMenu(row(/^busybox:1.*used by user/), 'Run Image…');
    await workbench.quickPickRow('In the Background').waitFor();
    await workbench.quickPickRow('In a Terminal').click();
    await workbench.waitForTerminal(/\/ #/);
    await workbench.typeInTerminal('exit');
    await row(/^[a-z-]+stopped · busybox:1/).waitFor();
  });

  it('are used by keys alone', async () => {
    const { workbench } = code;
    const { keyboard } = workbench.page;
    await workbench.runCommand('Berth: Focus on Containers View');
    const focused = workbench.page.locator('.part.sidebar .monaco-list.element-focused:focus-within .monaco-list-row.focused, .part.sidebar .monaco-list:focus .monaco-list-row.focused');
    await keyboard.press('Home');
    await focused.filter({ hasText: 'stopped' }).waitFor();
    await keyboard.press('Enter');
    await keyboard.press('F2');
    await workbench.answerInput('renamed');
    await row(/^renamed/).waitFor();
    await workbench.runCommand('Berth: Focus on Containers View');
    await keyboard.press('Home');
    await focused.filter({ hasText: 'renamed' }).waitFor();
    await keyboard.press('Shift+F10');
    await workbench.page.locator('.monaco-menu .action-item', { hasText: 'Remove Container…' }).waitFor();
    await code.picture('trees-keys');
    await keyboard.press('Escape');
    await workbench.page.locator('.monaco-menu').waitFor({ state: 'detached' });
    await keyboard.press('ArrowLeft');
    await row(/^renamed/).and(workbench.page.locator('[aria-expanded=false]')).waitFor();
    await keyboard.press('Shift+ArrowDown');
    await workbench.page.locator('.part.sidebar .monaco-list-row.selected').nth(1).waitFor();
    await keyboard.press('Delete');
    await workbench.dialog.filter({ hasText: 'Remove these 2 containers?' }).waitFor();
    await code.picture('trees-remove-containers');
    await keyboard.press('Escape');
    await workbench.dialog.waitFor({ state: 'detached' });
  });

  it('remove what nobody uses, after one question, and tell why not', async () => {
    const { workbench } = code;
    await workbench.contextMenu(row(/^cache/), 'Remove');
    await workbench.dialog.getByRole('button', { name: 'Remove' }).click();
    await workbench.notification('“cache” is in use').waitFor();
    await sandbox.container('rm', '-f', 'user');
    await sandbox.container('rm', 'renamed');
    await row(/^cache.*not used/).waitFor();
    for (const name of ['one', 'two']) await sandbox.container('volume', 'create', name);
    await row(/^two/).waitFor();
    await row(/^one/).click();
    await row(/^two/).click({ modifiers: ['Control'] });
    await workbench.contextMenu(row(/^two/), 'Remove');
    await workbench.dialog.filter({ hasText: 'Remove these 2 volumes?' }).waitFor();
    await code.picture('trees-remove-several');
    await workbench.dialog.getByRole('button', { name: 'Remove' }).click();
    await row(/^one/).waitFor({ state: 'detached' });
    await row(/^two/).waitFor({ state: 'detached' });
    assert.deepEqual(await list('volume'), ['cache']);
    await workbench.contextMenu(row(/^backend/), 'Remove');
    await workbench.dialog.getByRole('button', { name: 'Remove' }).click();
    await row(/^backend/).waitFor({ state: 'detached' });
  });
});
