import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { journey } from './journey.ts';
import { createSandbox, packageExtension, startVisualStudioCode, type Sandbox, type VisualStudioCode } from './fixture.ts';

/** Somebody edits a devcontainer.json, by keyboard only. */
describe('devcontainer.json in VS Code’s editor', () => {
  let sandbox: Sandbox;
  let code: VisualStudioCode;

  before(async () => {
    const vsix = await packageExtension();
    sandbox = await createSandbox();
    await sandbox.configure(`{\n  "image": "${sandbox.image.replace(/:1$/, ':7')}",\n  "forwardPort": [3000]\n}\n`);
    code = await startVisualStudioCode({ environment: sandbox.environment, vsix });
    await code.workbench.open(code.server.url(sandbox.folder));
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });
  const it = journey(() => code);

  const editor = () => code.workbench.page.locator('.editor-instance .view-lines').first();
  const press = (key: string) => code.workbench.page.keyboard.press(key);
  /** Undefined while it is being written. */
  const written = async (): Promise<unknown> => {
    const text = await readFile(join(sandbox.folder, '.devcontainer', 'devcontainer.json'), 'utf8');
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return undefined;
    }
  };
  const problems = () => code.workbench.page.locator('.part.panel .markers-panel [role=treeitem]');
  const goTo = async (place: string): Promise<void> => {
    await press('Control+G');
    await code.workbench.quickInput.fill(`:${place}`);
    await press('Enter');
    await code.workbench.quickInput.waitFor({ state: 'detached' });
  };
  /** Chooses an entry of the list of quick fixes. */
  const fix = async (title: string): Promise<void> => {
    // The light says that the editor knows them.
    await code.workbench.page.locator('.lightBulbWidget:visible').first().waitFor();
    await press('Control+.');
    const entry = code.workbench.page.locator('.action-widget .monaco-list-row', { hasText: title });
    await entry.waitFor();
    while (!(await entry.evaluate((row) => row.classList.contains('focused')))) await press('ArrowDown');
    await press('Enter');
    await entry.waitFor({ state: 'detached' });
  };

  it('complains about an image that its registry does not have, and about an unknown property', async () => {
    await press('Control+P');
    await code.workbench.quickInput.fill('.devcontainer/devcontainer.json');
    await code.workbench.quickPickRow('file results').waitFor();
    await press('Enter');
    await editor().filter({ hasText: 'forwardPort' }).waitFor();
    await code.workbench.runCommand('View: Toggle Problems');
    await problems().filter({ hasText: /has no “berth\/busybox” with the tag “7”/ }).waitFor();
    await problems().filter({ hasText: 'Property forwardPort is not allowed' }).waitFor();
  });

  it('mends both by quick fixes', async () => {
    await code.workbench.runCommand('View: Focus Active Editor Group');
    await goTo('2:14');
    await fix('Use localhost');
    await problems().filter({ hasText: 'with the tag' }).waitFor({ state: 'detached' });
    await goTo('3:6');
    await fix('Change to “forwardPorts”');
    await problems().filter({ hasText: 'forwardPort' }).waitFor({ state: 'detached' });
    await press('Control+S');
    const deadline = Date.now() + 30_000;
    while (!isDeepStrictEqual(await written(), { image: sandbox.image, forwardPorts: [3000] })) assert.ok(Date.now() < deadline, JSON.stringify(await written()));
  });

  it('says what a property means', async () => {
    await goTo('3:6');
    await press('Control+K');
    await press('Control+I');
    await code.workbench.page.locator('.monaco-hover', { hasText: 'Ports of the container that are forwarded to this machine' }).waitFor();
    await press('Escape');
  });

  it('proposes properties, and the tags of an image', async () => {
    const proposal = (label: string) => code.workbench.page.locator('.suggest-widget .monaco-list-row', { hasText: label });
    await goTo('3:25');
    await code.workbench.page.keyboard.type(',\n"postCr');
    await proposal('postCreateCommand').waitFor();
    await press('Escape');
    await press('Control+Z');
    await goTo(`2:${`  "image": "${sandbox.image}`.length + 1}`);
    await press('Backspace');
    await press('Control+Space');
    await proposal(sandbox.image).waitFor();
  });

  it('offers to pull the image, until it is here', async () => {
    await press('Escape');
    await code.workbench.page.keyboard.type('1');
    const lens = (title: string) => code.workbench.page.locator('.codelens-decoration', { hasText: title });
    await lens('Open in Container').waitFor();
    await lens('Pull').waitFor();
    await sandbox.container('image', 'pull', sandbox.image);
    await lens('Pull').waitFor({ state: 'detached' });
  });
});
