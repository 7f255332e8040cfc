import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { createSandbox, packageExtension, startVisualStudioCode, type Sandbox, type VisualStudioCode } from '../e2e/fixture.ts';
import { runInExtensionHost } from '../e2e/loadForTests.ts';
import type { BenchOptions, Figures } from './main.ts';
import { median } from './scratchBerth.ts';

/** Booting under emulation on a busy machine. */
const patience = 180_000;
const promptText = '/workspaces/sample #';

/**
 * What a person waits for in VS Code (code-server in a headless browser), in milliseconds, medians of `runs` (five):
 * activation, from the first line of the extension's code to its end, as VS Code itself marks it; from choosing Open
 * Folder in Container to the prompt, with the container stopped and running; from reloading the window to the prompt.
 */
export default async function vscode({ runs = 5 }: BenchOptions = {}): Promise<Figures> {
  const sandbox = await createSandbox();
  try {
    const activations = await timeActivations(sandbox, runs);
    const code = await startVisualStudioCode({ environment: sandbox.environment, vsix: await packageExtension() });
    try {
      return { activationMs: median(activations), ...(await timeWindow(sandbox, code, runs)) };
    } finally {
      await code.stop();
    }
  } finally {
    await sandbox.stop();
  }
}

/** Each in an extension host of its own; the first, which reads the code from the disk, does not count. */
async function timeActivations(sandbox: Sandbox, runs: number): Promise<number[]> {
  let marked: (marks: Readonly<Record<string, number>>) => void = () => undefined;
  const code = await startVisualStudioCode({
    environment: sandbox.environment,
    browser: runInExtensionHost({
      suite: join(import.meta.dirname, 'activation.cjs'),
      onOutput: (line) => {
        const [, json] = line.split('berth-marks ');
        if (json !== undefined) marked(JSON.parse(json) as Record<string, number>);
      },
      onExit: () => undefined,
    }),
  });
  try {
    const times: number[] = [];
    for (let run = 0; run <= runs; run += 1) {
      const marks = new Promise<Readonly<Record<string, number>>>((resolve) => { marked = resolve; });
      await code.workbench.page.goto(code.server.url(sandbox.folder));
      const { willLoadExtensionCode: begin = NaN, didActivateExtension: end = NaN } = await marks;
      if (Number.isNaN(end - begin)) throw new Error(`VS Code marked only ${Object.keys(await marks).join(', ')}.`);
      times.push(end - begin);
    }
    return times.slice(1);
  } finally {
    await code.stop();
  }
}

async function timeWindow(sandbox: Sandbox, code: VisualStudioCode, runs: number): Promise<Figures> {
  const { workbench, server } = code;
  await workbench.open(server.url(sandbox.folder));
  await workbench.showView('Berth');
  await openFolder(workbench);
  const stopped: number[] = [];
  const running: number[] = [];
  const reloads: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await closeTerminals(code);
    running.push(await openFolder(workbench));
    reloads.push(await time(async () => {
      await workbench.page.reload();
      await promptShown(workbench.page);
    }));
    await workbench.ready();
    await sandbox.container('stop', '-t', '0', 'sample');
    await workbench.treeItem(/^sample/).filter({ hasText: 'stopped' }).waitFor();
    await closeTerminals(code);
    stopped.push(await openFolder(workbench));
  }
  return { openStoppedMs: median(stopped), openRunningMs: median(running), reloadMs: median(reloads) };
}

/** Milliseconds from choosing the command to the prompt in its terminal. */
async function openFolder(workbench: VisualStudioCode['workbench']): Promise<number> {
  const { page } = workbench;
  const title = 'Berth: Open Folder in Container';
  await page.keyboard.press('F1');
  await workbench.quickInput.fill(`>${title}`);
  const row = workbench.quickPickRow(title).first();
  await row.waitFor();
  return time(async () => {
    await row.click();
    await promptShown(page);
  });
}

async function promptShown(page: Page): Promise<void> {
  // A text, because the test's code is compiled without the types of a browser.
  await page.waitForFunction(`(document.querySelector('.terminal-wrapper.active .xterm-rows')?.textContent ?? '').replaceAll('\u00a0', ' ').includes('${promptText}')`, undefined, { polling: 'raf', timeout: patience });
}

async function closeTerminals({ workbench }: VisualStudioCode): Promise<void> {
  await workbench.runCommand('Terminal: Kill All Terminals');
  await workbench.page.locator('.terminal-wrapper').first().waitFor({ state: 'detached' });
}

async function time(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
