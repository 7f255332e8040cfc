import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
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
      browser: (server) => ({ viewport: { width: 1280, height: 1000 }, prepare: (context) => context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin }) }),
    });
    await code.workbench.open(code.server.url(sandbox.folder));
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });
  const it = journey(() => code);

  const row = (text: string | RegExp) => code.workbench.treeItem(text);
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
    await row(/^cache.*used by user/).locator('.monaco-tl-twistie').click();
    await row(/^user.*\/cache/).waitFor();
    await row(/^backend.*1 container/).locator('.monaco-tl-twistie').click();
    await row(/^user.*10\.77\.0\.\d+/).last().waitFor();
  });

  it('show everything that the host knows of a volume', async () => {
    const { workbench } = code;
    await workbench.contextMenu(row(/^cache/), 'Inspect');
    await workbench.page.locator('.monaco-editor .view-line', { hasText: '"driver": "ext4"' }).waitFor();
    await workbench.page.locator('.tab', { hasText: 'cache.json' }).waitFor();
  });

  it('remove what nobody uses, after one question, and tell why not', async () => {
    const { workbench } = code;
    await workbench.contextMenu(row(/^cache/), 'Remove');
    await workbench.dialog.getByRole('button', { name: 'Remove' }).click();
    await workbench.notification('“cache” is in use').waitFor();
    await sandbox.container('rm', '-f', 'user');
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
