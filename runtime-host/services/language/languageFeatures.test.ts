import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parse } from 'jsonc-parser';
import type { Diagnostic } from 'vscode-json-languageservice';
import type { ContainerInfo, ImageInfo } from '../../protocol/types.ts';
import { TextDocument } from './jsonLibrary.ts';
import { LanguageFeatures } from './languageFeatures.ts';
import type { ImageKnowledge } from './surroundings.ts';

interface Fakes {
  readonly images?: readonly string[];
  readonly tags?: readonly string[];
  readonly knowledge?: ImageKnowledge;
  readonly containers?: readonly Partial<ContainerInfo>[];
}

/** The features with one document open; `|` in the text is where the cursor is. */
async function opened(t: TestContext, marked: string, { images = [], tags = [], knowledge = { state: 'unknown' }, containers = [] }: Fakes = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-language-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, '.devcontainer'));
  const uri = pathToFileURL(join(folder, '.devcontainer', 'devcontainer.json')).href;
  const cursor = marked.indexOf('|');
  const text = marked.replace('|', '');
  let told: (diagnostics: readonly Diagnostic[]) => void = () => undefined;
  const features = new LanguageFeatures({
    images: () => Promise.resolve(images.map((reference) => ({ reference }) as ImageInfo)),
    containers: () => Promise.resolve(containers as ContainerInfo[]),
    imageKnowledge: () => Promise.resolve(knowledge),
    tags: () => Promise.resolve(tags),
    environment: { HOME: '/home/somebody' },
  }, ({ diagnostics }) => told(diagnostics), (error) => { throw error; });
  t.after(() => features.dispose());
  const diagnosed = (isIt: (diagnostics: readonly Diagnostic[]) => boolean = () => true): Promise<readonly Diagnostic[]> =>
    new Promise((resolve) => { told = (diagnostics) => { if (isIt(diagnostics)) resolve(diagnostics); }; });
  const first = diagnosed();
  features.open({ uri, languageId: 'jsonc', version: 1, text });
  const document = TextDocument.create(uri, 'jsonc', 1, text);
  const position = document.positionAt(Math.max(cursor, 0));
  return { features, uri, folder, text, document, position, first, diagnosed, labels: async () => (await features.completion(uri, position))?.items.map(({ label }) => label) ?? [] };
}

/** What the text says after the first action with this title. */
function applied({ features, uri, document }: Pick<Awaited<ReturnType<typeof opened>>, 'features' | 'uri' | 'document'>, diagnostics: readonly Diagnostic[], title: string | RegExp): unknown {
  const action = features.codeActions(uri, diagnostics).find((one) => (typeof title === 'string' ? one.title === title : title.test(one.title)));
  assert.ok(action?.edit, `no ${String(title)} among ${features.codeActions(uri, diagnostics).map((one) => one.title).join(', ')}`);
  return parse(TextDocument.applyEdits(document, [...(action.edit.changes[uri] ?? [])])) as unknown;
}

describe('language features of devcontainer.json', () => {
  it('propose properties, their values and snippets', async (t) => {
    assert.ok((await (await opened(t, '{ "|" }')).labels()).includes('postCreateCommand'));
    assert.deepEqual((await (await opened(t, '{ "waitFor": "|" }')).labels()).slice(0, 2), ['"initializeCommand"', '"onCreateCommand"']);
    assert.ok((await (await opened(t, '{ "customizations": { "berth": { "network": { "policy": "|" } } } }')).labels()).includes('"allowlist"'));
  });

  it('propose variables within a text, and replace what was typed of them', async (t) => {
    const { features, uri, position } = await opened(t, '{ "workspaceFolder": "/w/${localW|}" }');
    const list = await features.completion(uri, position);
    assert.ok(list?.items.some(({ label }) => label === 'localWorkspaceFolderBasename'));
    const item = list?.items.find(({ label }) => label === 'localEnv');
    assert.deepEqual(item?.textEdit, { range: { start: { line: 0, character: 27 }, end: { line: 0, character: 33 } }, newText: 'localEnv:${1:NAME}' });
  });

  it('propose local images, and tags behind a colon', async (t) => {
    const images = ['docker.io/library/debian:12', 'localhost:5000/team/tools:1'];
    assert.deepEqual(await (await opened(t, '{ "image": "|" }', { images })).labels(), ['debian:12', 'localhost:5000/team/tools:1']);
    assert.deepEqual(await (await opened(t, '{ "image": "debian:|" }', { images, tags: ['latest', '12', '11'] })).labels(), ['debian:12', 'localhost:5000/team/tools:1', 'debian:latest', 'debian:11']);
    assert.deepEqual(await (await opened(t, '{ "image": "localhost:50|" }', { images, tags: [] })).labels(), ['debian:12', 'localhost:5000/team/tools:1']);
  });

  it('say what properties and variables mean', async (t) => {
    const property = await opened(t, '{ "updateRemote|UserUID": true }');
    assert.match(JSON.stringify(await property.features.hover(property.uri, property.position)), /files that this user makes in the folder belong to you/);
    const variable = await opened(t, '{ "workspaceFolder": "${localWork|spaceFolder}" }');
    assert.match(JSON.stringify(await variable.features.hover(variable.uri, variable.position)), /path of the folder on this machine/);
  });

  it('complain about unknown properties and offer what was meant', async (t) => {
    const document = await opened(t, '{ "image": "a", "forwardPort": [80] }');
    const diagnostics = await document.first;
    assert.match(String(diagnostics[0]?.message), /forwardPort is not allowed/);
    assert.deepEqual(applied(document, diagnostics, 'Change to “forwardPorts”'), { image: 'a', forwardPorts: [80] });
    assert.deepEqual(applied(document, diagnostics, 'Remove “forwardPort”'), { image: 'a' });
  });

  it('complain about values of a wrong type', async (t) => {
    const diagnostics = await (await opened(t, '{ "image": 7, "init": "yes", "waitFor": "lunch", "forwardPorts": [0, "x"] }')).first;
    assert.equal(diagnostics.length, 5, JSON.stringify(diagnostics));
    // The first is what the engine refuses.
    assert.deepEqual(diagnostics.map(({ severity }) => severity), [1, 2, 2, 2, 2]);
  });

  it('are silent about comments, trailing commas and what is right', async (t) => {
    assert.deepEqual(await (await opened(t, '// One.\n{ "image": "debian:12", /* two */ "forwardPorts": [3000,], }')).first, []);
  });

  it('say what Berth cannot do, where it stands, and offer a ready image', async (t) => {
    const document = await opened(t, '{\n  "build": { "dockerfile": "Dockerfile" },\n  "name": "x"\n}');
    const diagnostics = await document.first;
    assert.match(String(diagnostics[0]?.message), /builds its image/);
    assert.equal(diagnostics[0]?.range.start.line, 1);
    assert.deepEqual(applied(document, diagnostics, 'Use a ready image instead'), { image: 'debian:12', name: 'x' });
  });

  it('move older places of settings and extensions', async (t) => {
    const document = await opened(t, '{ "image": "a", "extensions": ["a.b"] }');
    assert.deepEqual(applied(document, await document.first, 'Move to “customizations.vscode”'), { image: 'a', customizations: { vscode: { extensions: ['a.b'] } } });
  });

  it('complain about folders of this machine that are not there, and make them', async (t) => {
    const document = await opened(t, '{ "image": "a", "mounts": ["source=${localWorkspaceFolder}/cache,target=/cache,type=bind", "source=${localWorkspaceFolder},target=/x,type=bind"] }');
    const diagnostics = await document.first;
    const path = join(document.folder, 'cache');
    assert.equal(diagnostics.length, 1, JSON.stringify(diagnostics));
    assert.equal(String(diagnostics[0]?.message), `There is no folder ${path} on this machine.`);
    assert.equal((applied(document, diagnostics, 'Remove this mount') as { mounts: unknown[] }).mounts.length, 1);
    const [make] = document.features.codeActions(document.uri, diagnostics);
    assert.deepEqual(make?.command?.arguments, [document.uri, path]);
    const mended = document.diagnosed((now) => now.length === 0);
    await document.features.createFolder(document.uri, join(document.folder, 'other'));
    await document.features.createFolder(document.uri, path);
    await mended;
    assert.ok((await stat(path)).isDirectory());
    await assert.rejects(stat(join(document.folder, 'other')));
  });

  it('complain about images that are nowhere, and offer tags that are like it', async (t) => {
    const document = await opened(t, '{ "image": "team/tools:1.20" }', { knowledge: { state: 'missing', sentence: 'The registry has no such tag.' }, tags: ['latest', '1.21', '1.19', 'nightly'] });
    await document.first;
    const diagnostics = await document.diagnosed((now) => now.length > 0);
    assert.equal(String(diagnostics[0]?.message), 'The registry has no such tag.');
    assert.deepEqual(applied(document, diagnostics, 'Use team/tools:1.21'), { image: 'team/tools:1.21' });
  });

  it('complain about ports that are named twice or taken', async (t) => {
    const containers = [{ name: 'other', state: 'running', labels: {}, ports: [{ hostAddress: '127.0.0.1', hostPort: 8080, containerPort: 80, protocol: 'tcp' }] }] as unknown as Partial<ContainerInfo>[];
    const document = await opened(t, '{ "image": "a", "forwardPorts": [3000, "localhost:3000"], "runArgs": ["-p", "8080:80", "-p=127.0.0.1:8081:80", "--publish", "8081:81"] }', { containers });
    const diagnostics = await document.first;
    assert.deepEqual(diagnostics.map(({ message }) => message).sort(), [
      'Port 3000 is named twice.', 'Port 8081 of this machine is named twice.', 'The container “other” has port 8080 of this machine at the moment.',
    ]);
    const twice = diagnostics.filter(({ message }) => String(message).startsWith('Port 3000'));
    assert.deepEqual((applied(document, twice, 'Remove the second') as { forwardPorts: unknown }).forwardPorts, [3000]);
  });

  it('link files, and offer to open and to pull', async (t) => {
    const document = await opened(t, '{ "image": "debian:12", "postCreateCommand": "bash scripts/set up.sh && sh .devcontainer/go.sh" }', { images: ['docker.io/library/alpine:3'] });
    await writeFile(join(document.folder, '.devcontainer', 'go.sh'), '');
    const [link, ...others] = await document.features.documentLinks(document.uri);
    assert.equal(link?.target, pathToFileURL(join(document.folder, '.devcontainer', 'go.sh')).href);
    assert.equal(document.document.getText(link.range), '.devcontainer/go.sh');
    assert.deepEqual(others, []);
    assert.deepEqual((await document.features.codeLenses(document.uri)).map(({ command }) => command.command), ['berth.openFolder', 'berth.pullImage']);
  });

  it('forget a document that is closed', async (t) => {
    const { features, uri, first, diagnosed } = await opened(t, '{ "x": 1 }');
    assert.equal((await first).length, 1);
    const cleared = diagnosed();
    features.close(uri);
    assert.deepEqual(await cleared, []);
    assert.equal(await features.completion(uri, { line: 0, character: 1 }), null);
  });
});
