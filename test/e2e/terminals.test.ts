import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { connect } from '../../runtime-host/client/index.ts';
import { processEnd } from '../contract/rpcHarness.ts';
import type { TarEntry } from '../support/tarWriter.ts';
import { buildBusyboxImage } from '../support/testImages.ts';
import { createSandbox, packageExtension, startVisualStudioCode, type Sandbox, type VisualStudioCode } from './fixture.ts';
import { journey } from './journey.ts';

/** Booting under emulation on a busy machine. */
const patience = 120_000;
/** BusyBox’ pgrep sees only whole command lines. */
const countShells = 'cat /proc/[0-9]*/comm 2>/dev/null | grep -cx bash';
const prompt = /bash:\/workspaces\/sample\S*\$ *$/;

/** This machine's bash with what it is linked to: the image's own shell cannot tell when a command begins. */
function bashLayer(): TarEntry[] {
  const libraries = execFileSync('ldd', ['/bin/bash'], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g);
  const files = ['/bin/bash', ...[...libraries].map(([, path = '']) => path)];
  return [
    ...files.map((path) => ({ path: path.slice(1), content: readFileSync(path), mode: 0o755 })),
    { path: 'root/.bashrc', content: 'PS1="bash:\\w\\$ "\n' },
  ];
}

/** Terminals in a container, over all that a day brings: the tests follow one another in one window. */
describe('terminals in a container, in VS Code', () => {
  let sandbox: Sandbox;
  let code: VisualStudioCode;

  before(async () => {
    const vsix = await packageExtension();
    sandbox = await createSandbox();
    const layout = join(sandbox.paths.home, '..', 'bash');
    buildBusyboxImage(layout, { tag: 'bash', extraLayers: [bashLayer()] });
    await sandbox.configure({ image: await sandbox.registry.push(layout, 'berth/bash:1', 'bash') });
    await mkdir(join(sandbox.folder, 'sub'));
    await writeFile(join(sandbox.folder, 'sub', 'numbers.txt'), 'one\ntwo\nthree\nfour\n');
    code = await startVisualStudioCode({ environment: sandbox.environment, vsix });
    await code.workbench.open(code.server.url(sandbox.folder));
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });
  const it = journey(() => code);

  const settings = (): string => join(sandbox.folder, '.vscode', 'settings.json');
  const decoration = (kind: string) => code.workbench.page.locator(`.terminal-wrapper.active .terminal-command-decoration.codicon-terminal-decoration-${kind}`);
  const tabs = () => code.workbench.page.locator('.terminal-tabs-entry:visible');
  const shells = async (): Promise<string> => (await sandbox.container('exec', 'sample', 'sh', '-c', `echo $(${countShells})`)).trim();

  /** Shows a terminal by its name, and waits until it is the one that is shown. */
  async function showTab(name: string, shown: RegExp): Promise<void> {
    await tabs().filter({ hasText: name }).first().click({ timeout: patience });
    await code.workbench.waitForTerminal(shown, patience);
  }

  async function nextHost(): Promise<number> {
    const host = await connect({ paths: sandbox.paths });
    try {
      return (await host.system.status()).pid;
    } finally {
      host.close();
    }
  }

  async function killHost(): Promise<number> {
    const host = await connect({ paths: sandbox.paths, start: false });
    const { pid } = await host.system.status();
    process.kill(pid, 'SIGKILL');
    await processEnd(pid);
    return pid;
  }

  it('a new terminal opens in the container', async () => {
    await code.workbench.runCommand('Berth: Open Folder in Container');
    await code.workbench.waitForTerminal(prompt, patience);
    await code.workbench.typeInTerminal('echo the $((2-1))st');
    await code.workbench.waitForTerminal(/^the 1st$/m);
    await code.workbench.runCommand('Terminal: Create New Terminal');
    await tabs().nth(1).waitFor();
    await code.workbench.waitForTerminal(/^(?![^]*the 1st)bash:\S*\$ *$/, patience);
    assert.match(await readFile(settings(), 'utf8'), /"terminal\.integrated\.defaultProfile\.linux": "Container"/);
  });

  it('marks commands, with their exit codes', async () => {
    await code.workbench.typeInTerminal('true');
    await decoration('success').first().waitFor();
    await code.workbench.typeInTerminal('(exit 3)');
    await decoration('error').first().waitFor();
    await decoration('error').first().hover();
    await code.workbench.page.locator('.monaco-hover', { hasText: /exit code 3/i }).waitFor();
  });

  it('opens a file where a path says, relative to where the shell is', async () => {
    const { page } = code.workbench;
    await code.workbench.typeInTerminal('cd sub && echo at numbers.txt:3:2');
    await code.workbench.waitForTerminal(/^at numbers\.txt:3:2$/m);
    const row = page.locator('.terminal-wrapper.active .xterm-rows > div', { hasText: /^at.numbers\.txt:3:2/ });
    const box = await row.boundingBox();
    assert.ok(box);
    const link = page.locator('.terminal-wrapper.active .xterm-rows span[style*="underline"], .terminal-wrapper.active .xterm-rows .xterm-underline-1').first();
    // A link is looked for when the mouse comes to a line, which may be before VS Code is ready for that.
    for (const deadline = Date.now() + 30_000; !(await link.isVisible()) && Date.now() < deadline;) {
      await page.mouse.move(box.x + 60, box.y - 100);
      await page.mouse.move(box.x + 60, box.y + box.height / 2);
      await link.waitFor({ timeout: 1000 }).catch(() => undefined);
    }
    await link.waitFor();
    await page.keyboard.down('Control');
    // The mouse’s shape says that a click would follow the link now.
    await page.locator('.terminal-wrapper.active .xterm-cursor-pointer').waitFor();
    await page.mouse.click(box.x + 60, box.y + box.height / 2);
    await page.keyboard.up('Control');
    await page.locator('.tab', { hasText: 'numbers.txt' }).waitFor();
    await code.workbench.statusBarItem(/Ln 3, Col 2/).waitFor();
  });

  it('are there again when the window was reloaded: shells, names, order, and what they showed', async () => {
    await code.workbench.typeInTerminal('mine=second; echo shown $((40+2))');
    await code.workbench.waitForTerminal(/^shown 42$/m);
    await code.workbench.runCommand('Terminal: Rename...');
    await code.workbench.answerInput('renamed');
    await tabs().filter({ hasText: 'renamed' }).waitFor();
    await showTab('sample', /^the 1st$/m);
    await code.workbench.typeInTerminal('mine=first; echo shown $((40+1))');
    await code.workbench.waitForTerminal(/^shown 41$/m);
    const before = await shells();
    await code.workbench.reload();
    await showTab('renamed', /^shown 42$/m);
    await code.workbench.typeInTerminal('echo it is $mine');
    await code.workbench.waitForTerminal(/^it is second$/m);
    await showTab('sample', /^shown 41$/m);
    await code.workbench.typeInTerminal('echo it is $mine');
    await code.workbench.waitForTerminal(/^it is first$/m);
    await tabs().nth(2).waitFor({ state: 'detached' });
    assert.match((await tabs().nth(1).textContent()) ?? '', /renamed/);
    assert.equal(await shells(), before);
    await decoration('success').first().waitFor();
  });

  it('go on when the runtime host was killed', async () => {
    const pid = await killHost();
    await code.workbench.waitForTerminal(/^it is first\n[^]*\$ *$/m, patience);
    const host = await nextHost();
    assert.notEqual(host, pid);
    await code.workbench.typeInTerminal('echo still $mine');
    await code.workbench.waitForTerminal(/^still first$/m);
    await showTab('renamed', /^it is second$/m);
    await code.workbench.typeInTerminal('echo still $mine');
    await code.workbench.waitForTerminal(/^still second$/m);
  });

  it('end their shells when they are closed', async () => {
    assert.equal(await shells(), '2');
    await code.workbench.runCommand('Terminal: Kill the Active Terminal Instance');
    await code.workbench.waitForTerminal(/still first/);
    await sandbox.container('exec', 'sample', 'sh', '-c', `while [ "$(${countShells})" != 1 ]; do usleep 100000; done`);
  });

  it('say why they end when the machine dies', async () => {
    const [{ vmPid }] = JSON.parse(await sandbox.container('inspect', 'sample')) as [{ vmPid: number }];
    process.kill(vmPid, 'SIGKILL');
    await code.workbench.waitForTerminal(/virtual machine[^]*Press any key to close the terminal/i);
  });

  it('open on this machine again when the folder is', async () => {
    await code.workbench.runCommand('Berth: Reopen Folder Locally');
    const deadline = Date.now() + 30_000;
    while (existsSync(settings()) && Date.now() < deadline) await code.workbench.page.waitForTimeout(100);
    assert.ok(!existsSync(settings()), 'what was made for the container is gone');
  });
});
