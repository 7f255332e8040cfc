import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe } from 'node:test';
import { createSandbox, packageExtension, startVisualStudioCode, type Sandbox, type VisualStudioCode } from './fixture.ts';
import { journey } from './journey.ts';

/** Windows that are not yet what a container needs: without trust, without a folder. */
describe('windows without trust or folder, in VS Code', () => {
  let sandbox: Sandbox;
  let code: VisualStudioCode;

  before(async () => {
    const vsix = await packageExtension();
    sandbox = await createSandbox();
    code = await startVisualStudioCode({ environment: sandbox.environment, vsix, asksForTrust: true });
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });

  const it = journey(() => code);

  it('starts nothing for a folder that is not trusted', async () => {
    const { workbench } = code;
    await workbench.open(code.server.url(sandbox.folder));
    await workbench.showView('Berth');
    await workbench.page.getByText('only for folders that you trust').waitFor();
    const entries = await workbench.paletteEntries('Berth:');
    for (const name of ['Open Folder in Container', 'Pull Image', 'Start Container', 'Open Terminal']) {
      assert.ok(!entries.some((entry) => entry.includes(name)), `the palette offers ${name}`);
    }
  });

  it('offers to choose a folder, opens it, and goes on there once it is trusted', async () => {
    const { workbench } = code;
    await workbench.open(code.server.url());
    await workbench.showView('Berth');
    await workbench.page.getByRole('button', { name: 'Choose a Folder' }).click();
    // The dialog writes its own first folder, with what is in it, and would overwrite what came earlier.
    await workbench.quickPickRow('extensions').waitFor();
    await workbench.quickInput.fill(`${sandbox.folder}/`);
    await workbench.quickPickRow('.devcontainer').waitFor();
    await workbench.page.keyboard.press('Enter');
    await workbench.page.locator('.explorer-folders-view').getByText('greet.sh').waitFor();
    // Not by the palette, which for a moment does not have the command yet and would not notice that it comes.
    await workbench.page.locator('.part.statusbar').getByRole('button', { name: /Restricted Mode/ }).click();
    await workbench.page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click();
    await workbench.waitForTerminal(/^\/workspaces\/sample # *$/m, 120_000);
  });

  it('knows a folder again that was moved, and makes its container anew there', async () => {
    const { workbench } = code;
    await workbench.open(code.server.url());
    const moved = join(dirname(sandbox.folder), 'moved');
    await rename(sandbox.folder, moved);
    await workbench.open(code.server.url(moved));
    await workbench.page.locator('.part.statusbar').getByRole('button', { name: /Restricted Mode/ }).click();
    await workbench.page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click();
    await workbench.runCommand('Berth: Open Folder in Container');
    await workbench.dialog.filter({ hasText: 'when its container “sample” was made' }).waitFor();
    await code.picture('moved-folder');
    await workbench.dialog.getByRole('button', { name: 'Make Anew' }).click();
    await workbench.waitForTerminal(/^\/workspaces\/moved # *$/m, 120_000);
    assert.doesNotMatch(await sandbox.container('ls', '-a'), /\bsample\b/);
  });
});
