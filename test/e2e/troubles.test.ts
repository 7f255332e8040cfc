import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { connect } from '../../runtime-host/client/index.ts';
import { pinnedNode, repository } from '../support/setup/paths.mjs';
import { createSandbox, packageExtension, stopHost, startVisualStudioCode, type Sandbox, type VisualStudioCode } from './fixture.ts';
import { journey } from './journey.ts';
import { startSlowRegistry } from './slowRegistry.ts';

/** What the window says when something goes wrong: one plain sentence and one action. */
describe('troubles, in VS Code', () => {
  let sandbox: Sandbox;
  let code: VisualStudioCode;

  before(async () => {
    const vsix = await packageExtension();
    sandbox = await createSandbox();
    // A QEMU that is not there: everything up to the machine works.
    code = await startVisualStudioCode({ environment: { ...sandbox.environment, BERTH_QEMU: '/nonexistent/qemu' }, vsix });
    await code.workbench.open(code.server.url(sandbox.folder));
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });

  const it = journey(() => code);

  async function dismiss(text: string | RegExp): Promise<void> {
    const { page } = code.workbench;
    await code.workbench.runCommand('Notifications: Clear All Notifications');
    await code.workbench.notification(text).waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
  }

  it('an image that does not exist', async () => {
    const image = sandbox.image.replace('busybox:1', 'nothing:1');
    await sandbox.configure({ image });
    await code.workbench.runCommand('Berth: Open Folder in Container');
    const message = code.workbench.notification('berth/nothing');
    await message.getByRole('button', { name: 'Choose Image…' }).waitFor();
    await code.picture('message-unknown-image');
    assert.equal((await sandbox.container('ls', '-a', '--format', 'json')).trim(), '[]', 'no half-made container is left');
    await message.getByRole('button', { name: 'Choose Image…' }).click();
    await code.workbench.quickInput.waitFor();
    await dismiss('berth/nothing');
  });

  it('a configuration that Berth cannot use', async () => {
    await sandbox.configure({ build: { dockerfile: 'Dockerfile' } });
    await code.workbench.runCommand('Berth: Open Folder in Container');
    const message = code.workbench.notification('builds its image from a Dockerfile');
    await message.getByRole('button', { name: 'Edit Configuration' }).click();
    await code.workbench.page.locator('.tab', { hasText: 'devcontainer.json' }).waitFor();
    await dismiss('builds its image');
  });

  it('a configuration that is not JSON', async () => {
    await sandbox.configure('{ "image": ');
    await code.workbench.runCommand('Berth: Open Folder in Container');
    await code.workbench.notification(/is not valid JSON.*line 1/).waitFor();
    await dismiss('is not valid JSON');
  });

  it('a configuration that asks for more folders is asked about', async () => {
    await sandbox.configure({ image: sandbox.image, mounts: ['type=bind,source=/etc,target=/host-etc,readonly'] });
    await code.workbench.runCommand('Berth: Open Folder in Container');
    const question = code.workbench.dialog.filter({ hasText: 'Allow “sample” to read /etc?' });
    await question.waitFor();
    await code.picture('message-mounts');
    await question.getByRole('button', { name: 'Allow Once' }).click();
    const warning = code.workbench.dialog.filter({ hasText: '/etc holds this machine’s settings and passwords.' });
    await warning.waitFor();
    await code.picture('message-protected-folder');
    await warning.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await sandbox.container('ls', '-a', '--format', 'json')).trim(), '[]');
  });

  it('opening a folder is cancelled, and nothing half-made is left', async () => {
    const slow = await startSlowRegistry(sandbox.registry, 200_000);
    try {
      await sandbox.configure({ image: sandbox.largeImage.replace(sandbox.registry.host, slow.host) });
      await code.workbench.runCommand('Berth: Open Folder in Container');
      const progress = code.workbench.notification('Opening sample in a container').filter({ hasText: /\d [KM]B/ });
      await progress.getByRole('button', { name: 'Cancel' }).click();
      await progress.waitFor({ state: 'detached' });
      assert.equal((await sandbox.container('ls', '-a', '--format', 'json')).trim(), '[]');
      assert.ok(!(await sandbox.container('image', 'ls')).includes(slow.host));
    } finally {
      await slow.stop();
    }
  });

  it('QEMU is missing', async () => {
    await sandbox.configure({ image: sandbox.image });
    await code.workbench.runCommand('Berth: Open Folder in Container');
    const message = code.workbench.notification('/nonexistent/qemu');
    await message.getByRole('button', { name: 'Retry' }).waitFor({ timeout: 60_000 });
    await code.picture('message-qemu');
    assert.equal((await sandbox.container('ls', '-a', '--format', 'json')).trim(), '[]', 'no half-made container is left');
    await dismiss('/nonexistent/qemu');
  });

  it('the runtime host goes away, and is started again', async () => {
    await code.workbench.showView('Berth');
    await code.workbench.treeItem('busybox:1').waitFor();
    const host = await connect({ paths: sandbox.paths, start: false });
    const { pid } = await host.system.status();
    const gone = new Promise<void>((resolve) => host.onDidClose(resolve));
    process.kill(pid, 'SIGKILL');
    await gone;
    await code.workbench.page.getByText('connection to Berth’s runtime host was lost').waitFor();
    await code.picture('message-host-lost');
    await code.workbench.page.locator('.part.sidebar').getByRole('button', { name: 'Reconnect' }).first().click();
    await code.workbench.treeItem('busybox:1').waitFor();
  });

  it('a runtime host of an older Berth still runs, and makes room', async () => {
    await sandbox.configure({ image: sandbox.image });
    await stopHost(sandbox.paths);
    await startOlderHost(sandbox);
    await code.workbench.runCommand('Berth: Open Folder in Container');
    const message = code.workbench.notification('do not understand each other');
    await message.getByRole('button', { name: 'Restart Host' }).waitFor();
    await code.picture('message-older-host');
    await message.getByRole('button', { name: 'Restart Host' }).click();
    // It goes on with what was asked for, as far as that goes without QEMU.
    await code.workbench.notification('/nonexistent/qemu').waitFor();
    await dismiss('/nonexistent/qemu');
  });

  it('the output channel tells the whole story', async () => {
    await code.workbench.runCommand('Berth: Show Output');
    await code.workbench.page.locator('.part.panel .monaco-editor', { hasText: 'QemuMissing' }).waitFor();
  });
});

/** The host of today that says it speaks the protocol of yesterday. */
async function startOlderHost({ paths, environment }: Sandbox): Promise<void> {
  const directory = join(paths.home, 'older');
  await mkdir(directory);
  for (const bundle of ['host.mjs', 'unpackWorker.mjs']) await copyFile(join(repository, 'dist', bundle), join(directory, bundle));
  const program = await readFile(join(repository, 'dist/hostProgram.mjs'), 'utf8');
  const older = program.replace(/\bprotocolVersion = 1;/, 'protocolVersion = 0;');
  assert.notEqual(older, program);
  await writeFile(join(directory, 'hostProgram.mjs'), older);
  const host = await connect({ paths, hostPath: join(directory, 'host.mjs'), nodePath: pinnedNode, environment: { ...process.env, ...environment }, anyVersion: true });
  host.close();
}
