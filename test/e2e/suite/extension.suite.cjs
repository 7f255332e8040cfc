'use strict';
/* eslint-disable @typescript-eslint/no-require-imports -- VS Code loads its test suites as CommonJS. */
const assert = require('node:assert/strict');
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const vscode = require('vscode');

const extension = () => vscode.extensions.getExtension('berth.berth');

/** Settles when the condition holds; polls, because VS Code has no event for what these tests look at. */
async function until(condition, what) {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen within 30 seconds.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('Berth in the extension host', () => {
  before(async () => {
    assert.ok(extension(), 'the extension is not there');
    await extension().activate();
  });

  it('is loaded by VS Code, which marks how long that took', () => {
    // VS Code marks these moments in the extension host itself.
    const marks = globalThis.MonacoPerformanceMarks.getMarks();
    const at = (moment) => {
      const mark = marks.find(({ name }) => name.startsWith(`code/extHost/${moment}`) && name.endsWith('berth.berth'));
      assert.ok(mark, `VS Code marked no ${moment}`);
      return mark.startTime;
    };
    const loading = at('didLoadExtensionCode') - at('willLoadExtensionCode');
    console.log(`berth-figure ${JSON.stringify({ loadMilliseconds: loading })}`);
  });

  it('registers every command that it declares, and no other', async () => {
    const declared = extension().packageJSON.contributes.commands.map((entry) => entry.command);
    const registered = (await vscode.commands.getCommands(true)).filter((command) => command.startsWith('berth.'));
    const generated = registered.filter((command) => /^berth\.(containers|images|volumes|networks|grants)\./.test(command));
    assert.deepEqual(registered.filter((command) => !generated.includes(command)).sort(), [...declared].sort());
  });

  it('has an icon and a category for what people see', () => {
    const { contributes, icon } = extension().packageJSON;
    for (const { command, category, title } of contributes.commands) {
      assert.equal(category, 'Berth', command);
      assert.ok(title.length > 3, command);
    }
    for (const path of [icon, contributes.viewsContainers.activitybar[0].icon]) {
      assert.ok(readFileSync(join(extension().extensionPath, path)).length > 100, path);
    }
  });

  it('refers only to commands and views that exist', () => {
    const { contributes } = extension().packageJSON;
    const commands = new Set(contributes.commands.map((entry) => entry.command));
    const views = new Set(contributes.views.berth.map((view) => view.id));
    for (const entry of Object.values(contributes.menus).flat()) assert.ok(commands.has(entry.command), entry.command);
    for (const { view, contents } of contributes.viewsWelcome) {
      assert.ok(views.has(view), view);
      for (const [, command] of contents.matchAll(/\(command:([\w.]+)\)/g)) {
        assert.ok(commands.has(command) || command.startsWith('workbench.'), command);
      }
    }
  });

  it('uses stable API only', () => {
    assert.equal(extension().packageJSON.enabledApiProposals, undefined);
  });

  it('has its views: each has the command that VS Code makes for a view', async () => {
    for (const { id } of extension().packageJSON.contributes.views.berth) await vscode.commands.executeCommand(`${id}.focus`);
  });

  it('describes settings that have a default', () => {
    const configuration = vscode.workspace.getConfiguration('berth');
    assert.equal(configuration.get('memory'), 2048);
    assert.equal(configuration.get('defaultImage'), '');
    assert.equal(configuration.get('cpus'), null);
    assert.equal(configuration.get('autoForwardPorts'), true);
  });

  it('lets no folder’s settings pass the user’s SSH agent on', async () => {
    assert.equal(vscode.workspace.getConfiguration('berth').get('forwardSshAgent'), false);
    await assert.rejects(async () => vscode.workspace.getConfiguration('berth').update('forwardSshAgent', true, vscode.ConfigurationTarget.Workspace));
  });

  it('knows what devcontainer.json may say about the network', async () => {
    const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, '.devcontainer', 'devcontainer.json');
    const before = readFileSync(uri.fsPath, 'utf8');
    const text = '{ "customizations": { "berth": { "network": { "policy": "" } } } }';
    try {
      writeFileSync(uri.fsPath, text);
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
      const proposals = async () => (await vscode.commands.executeCommand('vscode.executeCompletionItemProvider', uri, new vscode.Position(0, text.indexOf('""') + 1))).items;
      await until(async () => (await proposals()).some(({ label }) => String(label.label ?? label).includes('allowlist')), 'a proposal for the policy');
      await until(() => vscode.languages.getDiagnostics(uri).some(({ message }) => /Value is not accepted/.test(message)), 'a complaint about the empty policy');
    } finally {
      writeFileSync(uri.fsPath, before);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    }
  });

  it('asks the runtime host about a container, and shows one that is not there as removed', async () => {
    const uri = vscode.Uri.from({ scheme: 'berth-inspect', path: '/gone.json', query: 'no-such-id' });
    const document = await vscode.workspace.openTextDocument(uri);
    await until(() => document.getText() !== '', 'the document');
    assert.deepEqual(JSON.parse(document.getText()), { id: 'no-such-id', state: 'removed' });
  });
});
