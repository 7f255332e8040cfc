import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { buildNodeImage } from '../support/nodeImage.ts';
import { repository } from '../support/setup/paths.mjs';
import { createSandbox, packageExtension, startVisualStudioCode, type Sandbox, type VisualStudioCode } from './fixture.ts';
import { journey } from './journey.ts';

const patience = 120_000;
const prompt = /(?:^|\n)\/workspaces\/sample #$/;

const pattern = { regexp: '^(.+):(\\d+):(\\d+): (error|warning): (.*)$', file: 1, line: 2, column: 3, severity: 4, message: 5 };
const attach = { type: 'container-node', request: 'attach', name: 'Join the crew', port: 9229 };
const tasks = [
  { label: 'check', type: 'container', command: 'printf "\\033[31m$PWD/greet.sh\\033[0m:2:1: error: the hull leaks\\n"; echo "at ${workspaceFolder}/x"; exit 3', problemMatcher: { owner: 'check', fileLocation: 'absolute', pattern } },
  {
    label: 'watch', type: 'container', command: 'sh', isBackground: true, presentation: { panel: 'dedicated' },
    args: ['-c', 'echo begin; echo "$PWD/greet.sh:1:1: warning: fog ahead"; echo end; sleep 1000 & read line; kill $!; exit 4'],
    problemMatcher: { owner: 'watch', fileLocation: 'absolute', pattern, background: { activeOnStart: true, beginsPattern: '^begin', endsPattern: '^end' } },
  },
  { label: 'where', type: 'shell', command: 'pwd > where.txt; echo "$GREETING ${workspaceFolder}" >> where.txt', options: { cwd: '${workspaceFolder}/sub' }, problemMatcher: [] },
];

/** What a folder's tools do in its container: the tests follow one another in one window. */
describe('tools in a container, in VS Code', () => {
  let sandbox: Sandbox;
  let code: VisualStudioCode;
  const write = (path: string, text: string): Promise<void> => writeFile(join(sandbox.folder, path), text);

  before(async () => {
    const vsix = await packageExtension();
    sandbox = await createSandbox();
    const layout = join(sandbox.folder, '..', 'node-image');
    // VS Code's own server for JSON, which is one file.
    const server = await readFile(join(repository, 'test/e2e/node_modules/code-server/lib/vscode/extensions/json-language-features/server/dist/node/jsonServerMain.js'));
    buildNodeImage(layout, { tag: 'node', extraLayers: [[{ path: 'opt/', mode: 0o755 }, { path: 'opt/json-server.mjs', content: server }]] });
    const image = await sandbox.registry.push(layout, 'berth/node:24', 'node');
    await sandbox.configure({ image, containerEnv: { GREETING: 'Ahoy' } });
    for (const directory of ['.vscode', 'sub']) await mkdir(join(sandbox.folder, directory));
    await write('.vscode/tasks.json', JSON.stringify({ version: '2.0.0', tasks }));
    await write('.vscode/launch.json', JSON.stringify({ version: '0.2.0', configurations: [attach] }));
    await write('package.json', JSON.stringify({ name: 'sample', scripts: { build: 'echo built' } }));
    await write('app.js', "const cargo = ['rope', 'tar'];\nconst weight = cargo.length * 21;\nconsole.log('weight', weight);\nsetInterval(() => undefined, 1000);\n");
    await write('crew.js', 'let watch = 0;\nsetInterval(() => {\n  watch += 1;\n}, 200);\n');
    await write('cargo.manifest', '{"rope": 1,,}\n');
    await write('sub/Makefile', 'haul:\n\techo hauled\n');
    code = await startVisualStudioCode({ environment: sandbox.environment, vsix });
    await code.workbench.open(code.server.url(sandbox.folder));
  });
  after(async () => {
    await code?.stop();
    await sandbox?.stop();
  });
  const it = journey(() => code);

  const runTask = async (...choices: (string | RegExp)[]): Promise<void> => {
    await code.workbench.runCommand('Tasks: Run Task');
    for (const choice of choices) await code.workbench.quickPickRow(choice).first().click();
  };
  const problem = (text: string) => code.workbench.page.locator('.markers-panel [role=treeitem]', { hasText: text });

  const showProblems = async (): Promise<void> => code.workbench.runCommand('Problems: Focus on Problems View');

  it('opens the folder', async () => {
    await code.workbench.showView('Berth');
    await code.workbench.runCommand('Berth: Open Folder in Container');
    await code.workbench.waitForTerminal(prompt, patience);
  });

  it('runs a task there, and finds its problems in the files of this machine', async () => {
    await runTask('check');
    const text = await code.workbench.waitForTerminal(/exit code: 3/);
    assert.match(text.replaceAll('\n', ''), new RegExp(`${sandbox.folder}/greet.sh:2:1: error`));
    assert.match(text.replaceAll('\n', ''), new RegExp(`at ${sandbox.folder}/x`));
    await showProblems();
    await problem('the hull leaks').waitFor();
    await code.picture('task-problems');
    await problem('the hull leaks').dblclick();
    await code.workbench.page.locator('.tabs-container [role=tab][aria-selected=true]', { hasText: 'greet.sh' }).waitFor();
  });

  it('offers what the tool files of the folder name', async () => {
    await runTask('container');
    for (const name of ['npm run build', 'npm install', 'make haul - sub']) await code.workbench.quickPickRow(name).first().waitFor();
    await code.picture('tasks-detected');
    await code.workbench.page.keyboard.press('Escape');
    await code.workbench.page.keyboard.press('Escape');
  });

  it('watches in the background until it is terminated, and then nothing of it is left', async () => {
    await runTask('watch');
    await code.workbench.waitForTerminal(/fog ahead/); // Its terminal is shown over the problems.
    await showProblems();
    await problem('fog ahead').waitFor();
    const running = async (): Promise<boolean> => (await sandbox.container('exec', 'sample', 'ps')).includes('sleep 1000');
    assert.equal(await running(), true);
    await code.workbench.runCommand('Tasks: Terminate Task');
    await code.workbench.quickPickRow('watch').first().click();
    while (await running());
  });

  const runWhere = async (): Promise<void> => {
    await code.workbench.runCommand('Berth: Run Task in Container…');
    await code.workbench.quickPickRow('where').first().waitFor();
    await code.picture('run-task-in-container');
    await code.workbench.quickPickRow('where').first().click();
    const result = (): Promise<string> => readFile(join(sandbox.folder, 'sub', 'where.txt'), 'utf8').catch(() => '');
    while (!(await result()).includes('Ahoy')) await code.workbench.page.waitForTimeout(20);
    assert.equal(await result(), '/workspaces/sample/sub\nAhoy /workspaces/sample\n');
  };

  it('runs any other task of the window there', runWhere);

  const openFile = async (name: string, line: number): Promise<void> => {
    const { workbench } = code;
    await workbench.page.keyboard.press('Control+P');
    await workbench.quickInput.fill(`${name}:${line}`);
    await workbench.quickPickRow(name).first().waitFor();
    await workbench.page.keyboard.press('Enter');
    await workbench.page.locator('.tabs-container [role=tab][aria-selected=true]', { hasText: name }).waitFor();
    await workbench.statusBarItem(`Ln ${line},`).waitFor();
  };
  const pausedLine = () => code.workbench.page.locator('.codicon-debug-stackframe').first();
  const runs = async (program: string): Promise<boolean> => (await sandbox.container('exec', 'sample', 'ps')).includes(program);

  it('debugs the open file there: a breakpoint is hit, and its variables are seen', async () => {
    const { workbench } = code;
    await openFile('app.js', 3);
    await workbench.runCommand('Debug: Toggle Breakpoint');
    await workbench.page.locator('.editor-instance .codicon-debug-breakpoint').first().waitFor();
    await workbench.runCommand('Berth: Debug File in Container');
    await pausedLine().waitFor({ timeout: patience });
    await workbench.page.locator('.debug-variables [role=treeitem][aria-expanded=false]', { hasText: 'Local' }).first().click();
    await workbench.page.locator('.debug-variables [role=treeitem]', { hasText: /weight\s*=\s*42/ }).waitFor();
    assert.equal(await runs('node --inspect-brk'), true);
    await code.picture('debug-breakpoint');
  });

  it('restarts it', async () => {
    const { workbench } = code;
    const before = await sandbox.container('exec', 'sample', 'pidof', 'node');
    await workbench.runCommand('Debug: Restart');
    let now = before;
    while (now === before || now.trim() === '') now = await sandbox.container('exec', 'sample', 'pidof', 'node').catch(() => '');
    await pausedLine().waitFor({ timeout: patience });
  });

  it('goes on, and ends it when the user stops', async () => {
    const { workbench } = code;
    await workbench.runCommand('Debug: Continue');
    await workbench.waitForTerminal(/weight 42/);
    await workbench.runCommand('Debug: Stop');
    while (await runs('--inspect-brk'));
    await workbench.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    assert.match(await workbench.terminalText(), /The process was ended/);
    assert.equal(await workbench.notification('listening').count(), 0, 'the inspector’s port is nobody’s business');
  });

  it('attaches to a program that runs there already, and leaves it running', async () => {
    const { workbench } = code;
    await sandbox.container('exec', '-d', 'sample', 'node', '--inspect', '/workspaces/sample/crew.js');
    while (!(await sandbox.container('exec', 'sample', 'netstat', '-ltn')).includes('127.0.0.1:9229'));
    await openFile('crew.js', 3);
    await workbench.runCommand('Debug: Toggle Breakpoint');
    await workbench.page.locator('.editor-instance .codicon-debug-breakpoint').first().waitFor();
    await workbench.runCommand('Debug: Select and Start Debugging');
    await workbench.quickPickRow(attach.name).first().click();
    await pausedLine().waitFor({ timeout: patience });
    await code.picture('debug-attached');
    await workbench.runCommand('Debug: Disconnect');
    await workbench.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    assert.equal(await runs('crew.js'), true);
    await sandbox.container('exec', 'sample', 'killall', 'node');
  });

  it('runs a language server there, which knows the files by their paths there', async () => {
    await write('.vscode/settings.json', JSON.stringify({ 'berth.languageServers': [{ name: 'Manifests', command: ['node', '/opt/json-server.mjs', '--stdio'], patterns: ['**/*.manifest'] }] }));
    await openFile('cargo.manifest', 1);
    await showProblems();
    await problem('Property expected').waitFor({ timeout: patience });
    await code.picture('language-server');
  });

  it('starts it again with the container', async () => {
    await sandbox.container('restart', 'sample');
    while (!(await runs('json-server').catch(() => false)));
    await problem('Property expected').waitFor({ timeout: patience });
    await write('.vscode/settings.json', '{}');
    while (await runs('json-server'));
    await problem('Property expected').waitFor({ state: 'detached' });
  });

  it('starts a container that is stopped for a task', async () => {
    await sandbox.container('stop', 'sample');
    await rm(join(sandbox.folder, 'sub', 'where.txt'));
    await runWhere();
  });
});
