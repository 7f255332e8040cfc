import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import type { CompletionList, Diagnostic } from 'vscode-json-languageservice';
import { connectTransport } from '../../runtime-host/client/index.ts';
import { CodeLensRequest, CompletionRequest, DidChangeDocument, DidCloseDocument, DidOpenDocument, DidSaveDocument, HoverRequest, PublishDiagnostics, type LanguageOptions } from '../../runtime-host/protocol/language.ts';
import { startRegistry } from '../support/registry.ts';
import { buildBusyboxImage } from '../support/testImages.ts';
import { localHostPath, scratchBerth, type ScratchBerth } from './rpcHarness.ts';

const uri = 'file:///work/.devcontainer/devcontainer.json';

interface Editor {
  readonly connection: MessageConnection;
  open(text: string): void;
  /** The first diagnostics from now on that fit. */
  diagnostics(isIt: (diagnostics: readonly Diagnostic[]) => boolean): Promise<readonly Diagnostic[]>;
}

/** A language client of the host, as an editor is. */
async function edit(t: TestContext, berth: ScratchBerth, options: LanguageOptions): Promise<Editor> {
  const transport = await connectTransport({ paths: berth.paths, environment: berth.environment, hostPath: localHostPath });
  const connection = createMessageConnection(transport.reader, transport.writer);
  t.after(() => {
    connection.dispose();
    transport.close();
  });
  const waiting = new Set<(diagnostics: readonly Diagnostic[]) => void>();
  connection.onNotification(PublishDiagnostics, ({ diagnostics }) => { for (const told of waiting) told(diagnostics); });
  connection.listen();
  await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {}, initializationOptions: options });
  await connection.sendNotification('initialized', {});
  return {
    connection,
    open: (text) => { void connection.sendNotification(DidOpenDocument, { textDocument: { uri, languageId: 'jsonc', version: 1, text } }); },
    diagnostics: (isIt) => new Promise((resolve) => {
      const told = (diagnostics: readonly Diagnostic[]): void => {
        if (!isIt(diagnostics)) return;
        waiting.delete(told);
        resolve(diagnostics);
      };
      waiting.add(told);
    }),
  };
}

const labels = (list: CompletionList | null): string[] => list?.items.map(({ label }) => label) ?? [];

test('an editor learns from a real registry which tags there are, and which are not', async (t) => {
  const berth = await scratchBerth(t);
  const registry = await startRegistry();
  t.after(() => registry.stop());
  const layout = await mkdtemp(join(tmpdir(), 'b-'));
  t.after(() => rm(layout, { recursive: true }));
  buildBusyboxImage(layout, { tag: 'one' });
  const pushed = [await registry.push(layout, 'team/tools:1.9', 'one'), await registry.push(layout, 'team/tools:1.10', 'one')];
  const repository = pushed[0]!.replace(/:1\.9$/, '');
  const editor = await edit(t, berth, { asksRegistries: true });

  const missing = editor.diagnostics((all) => all.some(({ code }) => code === 'image-missing'));
  editor.open(`{ "image": "${repository}:1.8" }`);
  const [diagnostic] = await missing;
  assert.match(String(diagnostic?.message), /has no “team\/tools” with the tag “1\.8”/);
  assert.deepEqual((diagnostic?.data as { replacements: string[] }).replacements, [`${repository}:1.9`, `${repository}:1.10`]);

  const character = `{ "image": "${repository}:`.length;
  assert.deepEqual(labels(await editor.connection.sendRequest(CompletionRequest, { textDocument: { uri }, position: { line: 0, character } })), [`${repository}:1.10`, `${repository}:1.9`]);

  const clean = editor.diagnostics((all) => all.length === 0);
  await editor.connection.sendNotification(DidChangeDocument, { textDocument: { uri, version: 2 }, contentChanges: [{ text: `{ "image": "${repository}:1.9" }` }] });
  await clean;
  const lenses = async (): Promise<string[]> => (await editor.connection.sendRequest(CodeLensRequest, { textDocument: { uri } })).map(({ command }) => command.title);
  assert.deepEqual(await lenses(), ['$(vm) Open in Container', '$(cloud-download) Pull']);
  await (await berth.connect()).images.pull(`${repository}:1.9`);
  assert.deepEqual(await lenses(), ['$(vm) Open in Container']);
});

test('an editor of a folder that is not trusted asks no registry', async (t) => {
  const berth = await scratchBerth(t);
  const registry = await startRegistry();
  t.after(() => registry.stop());
  const editor = await edit(t, berth, { asksRegistries: false });
  const checked = editor.diagnostics(() => true);
  editor.open(`{ "image": "${registry.host}/nothing:1", "x": 1 }`);
  const diagnostics = await checked;
  assert.deepEqual(diagnostics.map(({ code }) => code).filter((code) => code === 'image-missing'), []);
  assert.deepEqual(labels(await editor.connection.sendRequest(CompletionRequest, { textDocument: { uri }, position: { line: 0, character: `{ "image": "${registry.host}/nothing:`.length } })), []);
});

test('a client that talks nonsense about documents does the host no harm', async (t) => {
  const berth = await scratchBerth(t);
  const editor = await edit(t, berth, {});
  const { connection } = editor;
  for (const params of [undefined, {}, { textDocument: 7 }, { textDocument: { uri, languageId: 'x', version: 1, text: 'x'.repeat(600 * 1024) } }]) await connection.sendNotification(DidOpenDocument.method, params);
  await connection.sendNotification(DidSaveDocument, { textDocument: { uri } });
  await connection.sendNotification(DidCloseDocument, { textDocument: { uri } });
  await assert.rejects(connection.sendRequest(HoverRequest.method, { textDocument: { uri }, position: { line: -1, character: 0 } }));
  assert.equal(await connection.sendRequest(HoverRequest, { textDocument: { uri }, position: { line: 0, character: 0 } }), null);
  const checked = editor.diagnostics(() => true);
  editor.open('{{{"');
  assert.deepEqual(await checked, []);
});
