import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe } from 'node:test';
import { buildBusyboxImage } from '../support/testImages.ts';
import { createSandbox, packageExtension, startVisualStudioCode, type Sandbox, type VisualStudioCode } from './fixture.ts';
import { journey } from './journey.ts';
import { startSlowRegistry } from './slowRegistry.ts';

/** Pulling, unpacking and booting under emulation on a busy machine. */
const patience = 120_000;
const prompt = (folder: string): RegExp => new RegExp(`(?:^|\\n)/workspaces/${folder} #$`);

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly manifestDigest: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The ways into a folder's container, and out of it: the tests follow one another in one window. */
describe('opening a folder in a container, in VS Code', () => {
  let sandbox: Sandbox;
  let code: VisualStudioCode;

  before(async () => {
    const vsix = await packageExtension();
    sandbox = await createSandbox();
    code = await startVisualStudioCode({
      environment: sandbox.environment, vsix, offersToOpen: true,
      // What is typed into an editor is all that it holds.
      settings: { 'editor.autoClosingBrackets': 'never', 'editor.autoClosingQuotes': 'never' },
      // The walkthrough's pictures need the room.
      browser: () => ({ viewport: { width: 1440, height: 900 } }),
    });
    await code.workbench.open(code.server.url(sandbox.folder));
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });
  const it = journey(() => code);

  const containers = async (): Promise<Listed[]> => JSON.parse(await sandbox.container('ls', '-a', '--format', 'json')) as Listed[];
  const explorerItem = (name: string) => code.workbench.page.locator('.explorer-folders-view [role=treeitem]', { hasText: name });
  /** Shows the log and waits until what is seen of it matches. */
  const logText = async (pattern: RegExp): Promise<void> => {
    await code.workbench.runCommand('Berth: Open Log');
    const lines = code.workbench.page.locator('.part.panel .output-view-container .view-line, .part.panel .monaco-editor .view-line');
    let text = '';
    await until(async () => {
      // The lines are in the page in any order.
      const seen = await lines.evaluateAll((elements) => elements.map((element): [number, string] => [element.getBoundingClientRect().top, element.textContent ?? '']));
      text = seen.sort(([a], [b]) => a - b).map(([, line]) => line.replaceAll('\u00a0', ' ')).join('\n');
      return pattern.test(text);
    }, () => `The log shows:\n${text}`);
  };
  /** Opens the folder whose container runs: its terminal comes back, and what was sent to the window with it has arrived, too. */
  const openAgain = async (): Promise<void> => {
    await logText(/\w/);
    await code.workbench.runCommand('Berth: Open Folder in Container');
    await code.workbench.page.locator('.terminal-wrapper.active .xterm').waitFor();
    await logText(/\w/);
  };
  /** Waits until the folder has another container, and its terminal. */
  const remade = async (before: string, folder: string): Promise<Listed> => {
    let found: Listed | undefined;
    await until(async () => {
      const all = await containers();
      found = all.find(({ id, state }) => all.length === 1 && id !== before && state === 'running');
      return found !== undefined;
    });
    await code.workbench.notification('show log').waitFor({ state: 'detached', timeout: patience });
    await code.workbench.waitForTerminal(prompt(folder), patience);
    assert.ok(found);
    return found;
  };

  it('offers to open a folder that has a configuration, and does not ask again', async () => {
    const { workbench } = code;
    const offer = workbench.notification('“sample” has a configuration for a container');
    await offer.getByRole('button', { name: 'Open in Container' }).waitFor();
    await workbench.statusBarItem('Open in Container').waitFor();
    await code.picture('opening-offer');
    await offer.getByRole('button', { name: 'Don’t Ask Again' }).click();
    await workbench.quickPickRow('For every folder').waitFor();
    await code.picture('opening-dont-ask-again');
    await workbench.quickPickRow('For “sample” only').click();
    await workbench.reload();
    await workbench.statusBarItem('Open in Container').waitFor();
    await workbench.runCommand('Berth: Get Started');
    await workbench.page.locator('.gettingStartedContainer', { hasText: 'Open a folder in its container' }).waitFor();
    assert.equal(await offer.count(), 0);
  });

  it('shows what it is about in a walkthrough with pictures', async () => {
    const { page } = code.workbench;
    for (const step of ['Say what it needs', 'Work in the container', 'Reach its servers', 'See what there is', 'Leave it, or begin anew']) {
      await page.locator('.getting-started-step', { hasText: step }).waitFor();
    }
    await page.frameLocator('.getting-started-media iframe').frameLocator('#active-frame').locator('svg').waitFor();
    await code.picture('opening-walkthrough');
    await code.workbench.runCommand('View: Close All Editors');
  });

  it('opens the folder with the keyboard alone, which is then the terminal’s', async () => {
    const { page } = code.workbench;
    await page.keyboard.press('F1');
    await code.workbench.quickInput.waitFor();
    await page.keyboard.type('Berth: Open Folder in Container');
    await code.workbench.quickPickRow('Berth: Open Folder in Container').waitFor();
    await page.keyboard.press('Enter');
    const progress = code.workbench.notification('Opening sample in a container (show log)');
    await progress.waitFor();
    await code.picture('opening-progress');
    await code.workbench.waitForTerminal(prompt('sample'), patience);
    await page.keyboard.type('echo by keys $((6*7))');
    await page.keyboard.press('Enter');
    await code.workbench.waitForTerminal(/^by keys 42$/m);
  });

  it('has told every step in a log', async () => {
    await logText(/Opening sample in a container[^]*Pulling[^]*Creating the container[^]*Starting the machine[^]*is ready/);
    await code.picture('opening-log');
  });

  it('is in the container after a reload, and leaves it when it is told to', async () => {
    const { workbench } = code;
    await workbench.reload();
    await workbench.statusBarItem('Berth: sample').click();
    await workbench.quickPickRow('Reopen Folder Locally').waitFor();
    await code.picture('opening-actions');
    await workbench.quickPickRow('Reopen Folder Locally').click();
    await workbench.statusBarItem('The folder is opened locally').waitFor();
    assert.ok(!(await workbench.paletteEntries('Berth: Reopen')).some((entry) => entry.includes('Reopen Folder Locally')));
    assert.equal((await containers()).length, 1);
    await workbench.reload();
    await workbench.statusBarItem('Berth: sample').click();
    await workbench.quickPickRow('Open Folder in Container').click();
    await workbench.waitForTerminal(prompt('sample'), patience);
  });

  it('rebuilds the container, with the image that is here or with a newer one', async () => {
    const { workbench } = code;
    const [before] = await containers();
    buildBusyboxImage(join(dirname(sandbox.folder), 'newer'), { tag: 'newer', extraLayers: [[{ path: 'etc/newer', content: Buffer.from('newer\n') }]] });
    await sandbox.registry.push(join(dirname(sandbox.folder), 'newer'), 'berth/busybox:1', 'newer');
    const rebuilt = async (command: string, old: string): Promise<Listed> => {
      await workbench.runCommand(command);
      return remade(old, 'sample');
    };
    assert.ok(before);
    const same = await rebuilt('Berth: Rebuild Container', before.id);
    assert.equal(same.manifestDigest, before.manifestDigest);
    const newer = await rebuilt('Berth: Rebuild Without Cache', same.id);
    assert.notEqual(newer.manifestDigest, before.manifestDigest);
    await workbench.typeInTerminal('cat /etc/newer');
    await workbench.waitForTerminal(/^newer$/m);
  });

  it('offers to rebuild when the configuration is saved and the container does not fit any more', async () => {
    const { workbench } = code;
    const [before] = await containers();
    assert.ok(before);
    await editConfiguration(JSON.stringify({ image: sandbox.image, containerEnv: { GREETING: 'Moin' } }));
    const message = workbench.notification('has changed since its container was made');
    await message.getByRole('button', { name: 'Rebuild Container' }).waitFor();
    await code.picture('opening-changed');
    await message.getByRole('button', { name: 'Rebuild Container' }).click();
    await remade(before.id, 'sample');
    await workbench.typeInTerminal('echo "$GREETING"');
    await workbench.waitForTerminal(/^Moin$/m);
    await workbench.runCommand('View: Close All Editors');
  });

  it('offers what a configuration wishes for the editor, and writes settings that the user agrees to', async () => {
    const { workbench } = code;
    await sandbox.configure({ image: sandbox.image, containerEnv: { GREETING: 'Moin' }, customizations: { vscode: { extensions: ['berth.not-there', 'berth.berth'], settings: { 'editor.tabSize': 3, 'editor.rulers': [80] } } } });
    await workbench.runCommand('Berth: Open Folder in Container');
    await workbench.notification('asks for the extension berth.not-there').waitFor();
    const settings = workbench.notification('asks for 2 settings: editor.tabSize, editor.rulers');
    await settings.waitFor();
    await code.picture('opening-customizations');
    await settings.getByRole('button', { name: 'Write to Workspace Settings' }).click();
    const file = join(sandbox.folder, '.vscode', 'settings.json');
    await until(async () => existsSync(file) && (await readFile(file, 'utf8')).includes('editor.rulers'));
    const written = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    assert.deepEqual([written['editor.tabSize'], written['editor.rulers']], [3, [80]]);
    await workbench.runCommand('Notifications: Clear All Notifications');
    // Once is enough.
    await openAgain();
    assert.equal(await workbench.notification('asks for').count(), 0);
  });

  it('lets the user choose one of several configurations, and remembers it', async () => {
    const { workbench } = code;
    const [before] = await containers();
    assert.ok(before);
    await mkdir(join(sandbox.folder, '.devcontainer', 'web'));
    await writeFile(join(sandbox.folder, '.devcontainer', 'web', 'devcontainer.json'), JSON.stringify({ name: 'Web server', image: sandbox.image, containerEnv: { ROLE: 'web' } }));
    await workbench.runCommand('Berth: Open Folder in Container');
    await workbench.quickPickRow('Web server').waitFor();
    await code.picture('opening-configurations');
    await workbench.quickPickRow('Web server').click();
    await workbench.dialog.getByRole('button', { name: 'Make Anew' }).click();
    const { labels } = await remade(before.id, 'sample');
    await workbench.typeInTerminal('echo role=$ROLE');
    await workbench.waitForTerminal(/^role=web$/m);
    assert.equal(labels['berth.configFile'], '.devcontainer/web/devcontainer.json');
    await openAgain(); // Nothing is asked.
    await workbench.runCommand('Berth: Configure Container…');
    await workbench.quickPickRow('Open with Another Configuration…').waitFor();
    await code.picture('opening-configure');
    await workbench.page.keyboard.press('Escape');
    await rm(join(sandbox.folder, '.devcontainer', 'web'), { recursive: true });
    await sandbox.container('rm', '-f', 'sample');
  });

  it('says why it failed, and tries again with the configuration that was edited', async () => {
    const { workbench } = code;
    await sandbox.configure({ image: sandbox.image.replace('busybox:1', 'nothing:1') });
    await workbench.runCommand('Berth: Open Folder in Container');
    const message = workbench.notification('berth/nothing');
    for (const name of ['Choose Image…', 'Edit Configuration', 'More…']) await message.getByRole('button', { name }).waitFor();
    await code.picture('opening-failed');
    await message.getByRole('button', { name: 'Edit Configuration' }).click();
    await editConfiguration(JSON.stringify({ image: sandbox.image }));
    await workbench.notification('The configuration has been saved').getByRole('button', { name: 'Retry' }).click();
    await workbench.waitForTerminal(prompt('sample'), patience);
    await sandbox.container('rm', '-f', 'sample');
    await workbench.runCommand('View: Close All Editors');
  });

  it('is cancelled while it pulls, and leaves nothing behind', async () => {
    const { workbench } = code;
    const slow = await startSlowRegistry(sandbox.registry, 200_000);
    try {
      await sandbox.configure({ image: sandbox.largeImage.replace(sandbox.registry.host, slow.host) });
      await workbench.runCommand('Berth: Open Folder in Container');
      const progress = workbench.notification('Opening sample in a container').filter({ hasText: /\d [KM]B/ });
      await code.picture('opening-pull');
      await progress.getByRole('button', { name: 'Cancel' }).click();
      await workbench.statusBarItem('Opening in a container was cancelled').waitFor();
      assert.deepEqual(await containers(), []);
      assert.equal(await workbench.page.locator('.notifications-toasts .codicon-error').count(), 0);
    } finally {
      await slow.stop();
    }
    await sandbox.configure({ image: sandbox.image });
  });

  it('opens the folder of a devcontainer.json from its context menu', async () => {
    const { workbench } = code;
    await workbench.showView('Explorer');
    await unfold('.devcontainer');
    await workbench.contextMenu(explorerItem('devcontainer.json'), 'Open Folder in Container');
    await workbench.waitForTerminal(prompt('sample'), patience);
    await sandbox.container('rm', '-f', 'sample');
  });

  it('proposes images for a folder without a configuration, opened from the context menu, and writes one', async () => {
    const { workbench } = code;
    const folder = join(sandbox.folder, 'app');
    await mkdir(folder);
    await writeFile(join(folder, 'package.json'), '{}\n');
    await workbench.contextMenu(explorerItem('app'), 'Open Folder in Container');
    await workbench.quickPickRow('node:24').first().waitFor();
    await code.picture('opening-images');
    await workbench.quickInput.fill('busybox');
    await workbench.quickPickRow('berth/busybox:1').waitFor();
    await workbench.page.keyboard.press('Enter');
    await workbench.quickPickRow('Write .devcontainer/devcontainer.json').waitFor();
    await code.picture('opening-write');
    assert.ok(!existsSync(join(folder, '.devcontainer')));
    await workbench.page.keyboard.press('Enter');
    await workbench.waitForTerminal(prompt('app'), patience);
    const message = workbench.notification('Wrote .devcontainer/devcontainer.json');
    await message.getByRole('button', { name: 'Open File' }).click();
    await workbench.page.locator('.tab', { hasText: 'devcontainer.json' }).waitFor();
    await code.picture('opening-written');
    assert.match(await readFile(join(folder, '.devcontainer', 'devcontainer.json'), 'utf8'), /"name": "app",\n {2}"image": "localhost:\d+\/berth\/busybox:1"/);
    const [only] = await containers();
    await openAgain();
    assert.equal((await containers())[0]?.id, only?.id, 'what was written fits the container that runs');
  });

  /** Replaces the configuration in an editor, as a person would, and saves it. */
  async function editConfiguration(text: string): Promise<void> {
    const { page } = code.workbench;
    await code.workbench.showView('Explorer');
    if ((await page.locator('.tab.active', { hasText: 'devcontainer.json' }).count()) === 0) {
      await unfold('.devcontainer');
      await explorerItem('devcontainer.json').dblclick();
    }
    await page.locator('.tab.active', { hasText: 'devcontainer.json' }).waitFor();
    const lines = page.locator('.editor-instance .monaco-editor .view-lines').first();
    const shows = (wanted: string): Promise<void> => until(async () => (await lines.textContent())?.replaceAll('\u00a0', ' ') === wanted, () => `The editor does not show ${wanted}.`);
    await lines.click();
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    await shows('');
    await page.keyboard.insertText(text);
    await shows(text);
    await page.keyboard.press('Control+S');
  }

  async function unfold(name: string): Promise<void> {
    const item = explorerItem(name).first();
    if ((await item.getAttribute('aria-expanded')) !== 'true') await item.click();
  }

  /** For what has no events to wait for. */
  async function until(condition: () => Promise<boolean>, otherwise = (): string => 'It did not come.'): Promise<void> {
    const deadline = Date.now() + patience;
    while (!(await condition())) {
      assert.ok(Date.now() < deadline, otherwise());
      await code.workbench.page.waitForTimeout(50);
    }
  }
});
