/*
 * The main journey without a person: VS Code in headless Chromium opens the sample folder in a container, types into its
 * terminal, and looks at what the guest answers.
 */
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pinnedNode, repository } from './setup/paths.mjs';
import { run, step } from './setup/run.mjs';
import { startBrowser, startCodeServer } from './vscodeSession.mjs';
import { Workbench } from './workbench.mjs';

/** Pulling, unpacking and booting under emulation on a busy machine. */
const patience = 300_000;
const typedLine = 'uname -r; cat /etc/os-release; ls -la; echo $((6*7))';

/**
 * Prints the terminal's text; saves `artifacts/check.png`.
 * @throws Error when the guest's kernel or the folder's files are not in the terminal.
 */
export async function check({ folder, vsix, report }) {
  const scratch = await mkdtemp(join(tmpdir(), 'berth-check-'));
  const environment = { BERTH_HOME: join(scratch, 'home'), BERTH_RUNTIME_DIR: join(scratch, 'run') };
  try {
    const text = await withWindow({ folder, vsix, environment, report }, openFolderAndAsk);
    process.stdout.write(`${text}\n`);
    await expectAnswers(text, folder);
    process.stderr.write('The folder is open in a container: its kernel and its files were seen in the terminal.\n');
  } finally {
    await run(pinnedNode, [join(repository, 'dist/container.mjs'), 'system', 'stop', '--containers'], { env: { ...process.env, ...environment } });
    await rm(scratch, { recursive: true, force: true });
  }
}

async function withWindow({ folder, vsix, environment, report }, work) {
  const artifacts = join(repository, 'artifacts');
  await mkdir(artifacts, { recursive: true });
  const server = await step('Starting VS Code', () => startCodeServer({ vsix, environment, report }));
  try {
    const browser = await step('Starting Chromium', () => startBrowser({ viewport: { width: 1280, height: 1400 } }));
    const workbench = new Workbench(browser.page);
    try {
      await step('Opening the sample folder', () => workbench.open(server.url(folder)));
      return await work(workbench);
    } finally {
      await workbench.screenshot(join(artifacts, 'check.png'));
      process.stderr.write('Screenshot: artifacts/check.png\n');
      await browser.stop();
    }
  } finally {
    await server.stop();
  }
}

async function openFolderAndAsk(workbench) {
  await step('Berth: Open Folder in Container', async () => {
    await workbench.runCommand('Berth: Open Folder in Container');
    await workbench.waitForTerminal(/[$#] *$/, patience);
  });
  return step('Typing into the terminal', async () => {
    await workbench.typeInTerminal(typedLine);
    return workbench.waitForTerminal(/^42$/m, patience);
  });
}

async function expectAnswers(text, folder) {
  const { kernelRelease } = JSON.parse(await readFile(join(repository, 'dist/guest/kernel.json'), 'utf8'));
  const lines = text.split('\n').map((line) => line.trim());
  const missing = [];
  if (!lines.includes(kernelRelease)) missing.push(`the guest's kernel ${kernelRelease}`);
  for (const name of await readdir(folder)) {
    if (!lines.some((line) => /^[-dl]/.test(line) && line.endsWith(` ${name}`))) missing.push(`the folder's ${name}`);
  }
  if (missing.length > 0) throw new Error(`The terminal does not show ${missing.join(', ')}.`);
}
