import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe } from 'node:test';
import { createSandbox, packageExtension, startVisualStudioCode, type Sandbox, type VisualStudioCode } from './fixture.ts';
import { journey } from './journey.ts';

const patience = 120_000;
const prompt = /(?:^|\n)\/workspaces\/sample #$/;

/** Directories beyond the workspace, and who decides about them: the tests follow one another in one window. */
describe('directories that a container gets, in VS Code', () => {
  let sandbox: Sandbox;
  let code: VisualStudioCode;
  /** A directory of this machine, with a file of its name in it. */
  const directory = async (name: string): Promise<string> => {
    const path = join(dirname(sandbox.folder), name);
    await mkdir(path, { recursive: true });
    await writeFile(join(path, name), `this is ${name}\n`);
    return path;
  };

  before(async () => {
    const vsix = await packageExtension();
    sandbox = await createSandbox();
    const [data, music, secret] = [await directory('data'), await directory('music'), await directory('secret')];
    await sandbox.configure({
      // The container goes on while its window is reloaded, however long that takes.
      image: sandbox.image, shutdownAction: 'none', mounts: [`type=bind,source=${data},target=/data`, `type=bind,source=${music},target=/music,readonly`, `type=bind,source=${secret},target=/secret,readonly`],
      customizations: { berth: { purposes: { '/data': 'the tests read their data there' } } },
    });
    code = await startVisualStudioCode({ environment: sandbox.environment, vsix });
    await code.workbench.open(code.server.url(sandbox.folder));
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });
  const it = journey(() => code);

  const row = (text: string | RegExp) => code.workbench.treeItem(text);
  const question = (text: string | RegExp) => code.workbench.dialog.filter({ hasText: text });

  it('are asked about one by one, with what they are for', async () => {
    const { workbench } = code;
    await workbench.showView('Berth');
    await workbench.runCommand('Berth: Open Folder in Container');
    const first = question(/Allow “sample” to read and write .*\/data\?/);
    await first.filter({ hasText: 'What for: the tests read their data there' }).waitFor();
    await code.picture('access-question');
    await first.getByRole('button', { name: 'Always for this Workspace' }).click();
    await question(/Allow “sample” to read .*\/music\?/).getByRole('button', { name: 'Allow Once' }).click();
    await question(/Allow “sample” to read .*\/secret\?/).getByRole('button', { name: 'Deny' }).click();
    await workbench.notification(/is opened without .*\/secret, which you have denied/).waitFor();
    await workbench.waitForTerminal(prompt, patience);
    await workbench.typeInTerminal('clear; cat /data/data /music/music; ls /secret');
    await workbench.waitForTerminal(/^this is data\nthis is music\nls: \/secret: No such file/m);
  });

  it('are listed with what was decided, and where they are', async () => {
    const { workbench } = code;
    await workbench.runCommand('Berth: Focus on Grants View');
    await row(/\/dataalways · read and write · sample:\/data$/).waitFor();
    await row(/\/musiconce · read only · sample:\/music$/).waitFor();
    await row(/\/secretdenied$/).waitFor();
  });

  it('are not asked about again, in a window that was reloaded', async () => {
    const { workbench } = code;
    await workbench.reload();
    await workbench.statusBarItem('sample').waitFor();
    await workbench.runCommand('Berth: Open Folder in Container');
    await workbench.notification(/is opened without .*\/secret/).waitFor();
    assert.equal(await workbench.dialog.count(), 0);
  });

  it('come into a running container when the user shares one, what holds much of this machine only when the user insists', async () => {
    const { workbench } = code;
    await workbench.runCommand('Berth: Focus on Grants View');
    await workbench.runCommand('Berth: Share a Directory…');
    // VS Code's own dialog where it has no window of the system's.
    await workbench.quickInput.fill('/etc/');
    await workbench.page.locator('.quick-input-widget:visible').getByRole('button', { name: 'Share' }).click();
    await workbench.quickPickRow('Read Only, Always').click();
    await workbench.answerInput('/mnt/etc', 'Share /etc');
    const warning = question('/etc holds this machine’s settings and passwords.');
    await warning.waitFor();
    await code.picture('access-protected');
    await warning.getByRole('button', { name: 'Share It All the Same' }).click();
    await row(/^\/etcalways · read only · sample:\/mnt\/etc$/).waitFor();
    await workbench.waitForTerminal(prompt, patience);
    await workbench.typeInTerminal('clear; grep -c ^root: /mnt/etc/passwd; echo x > /mnt/etc/x');
    await workbench.waitForTerminal(/^1\n.*Read-only file system/m);
  });

  it('go away at once when they are revoked, from who has them open, too', async () => {
    const { workbench } = code;
    await workbench.typeInTerminal('clear; exec 7< /data/data; grep -c data /data/data');
    await workbench.waitForTerminal(/^1$/m);
    await workbench.contextMenu(row(/\/dataalways/), 'Revoke');
    await row(/\/dataalways/).waitFor({ state: 'detached' });
    await workbench.typeInTerminal('clear; cat <&7; echo $?; cat /data/data; echo $?; echo over');
    const text = await workbench.waitForTerminal(/^over$/m);
    assert.match(text, /^1\n[^]*^1\n/m);
    assert.doesNotMatch(text, /this is data/);
  });

  it('that were allowed once are forgotten when the container stops, and asked about again', async () => {
    const { workbench } = code;
    await sandbox.container('stop', '-t', '1', 'sample');
    await row(/\/musiconce/).waitFor({ state: 'detached' });
    await workbench.runCommand('Berth: Open Folder in Container');
    for (const name of ['data', 'music']) await question(new RegExp(`Allow “sample” to read.* .*/${name}\\?`)).getByRole('button', { name: 'Deny' }).click();
    await workbench.waitForTerminal(prompt, patience);
    await workbench.typeInTerminal('clear; cat /data/data; cat /music/music; grep -c ^root: /mnt/etc/passwd');
    await workbench.waitForTerminal(/No such file[^]*No such file[^]*^1$/m);
    await row(/\/datadenied$/).waitFor();
  });
});
