import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readConfiguration } from '../../runtime-host/devcontainer/readConfiguration.ts';
import { corpusEnvironment, readCorpus } from './corpus.ts';
import { differences, withoutForeignParts } from './differences.ts';
import { Oracle, runForAnswer, type Answer } from './oracle.ts';

/* The public command line @devcontainers/cli is asked the same as Berth, and both must answer the same. */

const commandLine = fileURLToPath(new URL('../../runtime-host/cli/main.ts', import.meta.url));
const corpus = readCorpus();

let scratch = '';
let oracle: Oracle;
before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'berth-devcontainer-'));
  oracle = await Oracle.in(join(scratch, 'bin'));
});
after(() => rm(scratch, { recursive: true, force: true }));

/** A folder with this configuration. */
async function folderWith(name: string, text: string): Promise<string> {
  const folder = join(scratch, name.replaceAll(/\W+/g, '-'));
  await mkdir(join(folder, '.devcontainer'), { recursive: true });
  await writeFile(join(folder, '.devcontainer', 'devcontainer.json'), text);
  return folder;
}

/** What the command prints, by way of JSON; a refusal is status 1. */
async function ours(folder: string, merged: boolean, label?: string): Promise<Answer & { sentence?: string }> {
  const labels: Record<string, string> = label === undefined ? {} : { 'devcontainer.metadata': label };
  try {
    const answer = await readConfiguration({ workspaceFolder: folder, localEnv: { ...process.env, ...corpusEnvironment }, ...(merged && { labelsOf: () => Promise.resolve(labels) }) });
    return { status: 0, printed: JSON.parse(JSON.stringify(answer)) as Record<string, unknown> };
  } catch (error) {
    return { status: 1, sentence: (error as Error).message };
  }
}

/** So many at a time that both processors are busy. */
async function forEach<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(Array.from({ length: 3 }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  }));
}

describe('devcontainer read-configuration answers as the public command line', () => {
  const answers = new Map<string, Answer>();
  before(() => forEach(corpus, async ({ name, text, label, namesImage }) => {
    const folder = await folderWith(name, text);
    answers.set(name, await oracle.readConfiguration(['--workspace-folder', folder, ...(namesImage ? ['--include-merged-configuration'] : [])], label));
  }));

  it('on a corpus that is large enough', () => assert.ok(corpus.length >= 60, String(corpus.length)));

  for (const { name, text, label, namesImage } of corpus) {
    it(name, async () => {
      const theirs = withoutForeignParts(answers.get(name) ?? { status: -1 });
      const { sentence, ...mine } = await ours(await folderWith(name, text), namesImage, label);
      assert.deepEqual(mine, theirs, sentence);
      if (namesImage && theirs.status === 0) assert.ok(theirs.printed?.['mergedConfiguration']);
    });
  }

  for (const { name, text, label, theyAnswer, theirs, ours: expected, sentence } of differences) {
    it(`but not for ${name}`, async () => {
      const folder = await folderWith(`difference ${name}`, text);
      const there = await oracle.readConfiguration(['--workspace-folder', folder, ...(expected ? ['--include-merged-configuration'] : [])], label);
      assert.equal(there.printed !== undefined, theyAnswer);
      const here = await ours(folder, true, label);
      const member = (answer: Answer, key: string): unknown => (answer.printed?.['mergedConfiguration'] as Record<string, unknown> | undefined)?.[key];
      for (const [key, value] of Object.entries(theirs ?? {})) assert.deepEqual(member(there, key), value);
      for (const [key, value] of Object.entries(expected ?? {})) assert.deepEqual(member(here, key), value);
      if (sentence) assert.match(here.sentence ?? '', sentence);
    });
  }
});

describe('container devcontainer read-configuration', () => {
  /** The same words for both. */
  async function both(words: readonly string[], workingDirectory = scratch): Promise<{ readonly mine: Answer; readonly theirs: Answer }> {
    const [mine, theirs] = await Promise.all([
      runForAnswer([commandLine, 'devcontainer', 'read-configuration', ...words], { ...process.env, ...corpusEnvironment }, workingDirectory),
      oracle.readConfiguration(words, undefined, workingDirectory),
    ]);
    return { mine, theirs: withoutForeignParts(theirs) };
  }

  before(async () => {
    const folder = await folderWith('places', '{ "image": "usual", "name": "${localWorkspaceFolder}" }');
    await cp(join(folder, '.devcontainer', 'devcontainer.json'), join(folder, '.devcontainer.json'));
    const only = join(scratch, 'a, b c');
    await mkdir(join(only, '.devcontainer', 'go'), { recursive: true });
    await writeFile(join(only, '.devcontainer.json'), '{ "image": "second" }');
    await writeFile(join(only, '.devcontainer', 'go', 'devcontainer.json'), '{ "image": "third" }');
    await mkdir(join(scratch, 'nested', '.devcontainer', 'go'), { recursive: true });
    await writeFile(join(scratch, 'nested', '.devcontainer', 'go', 'devcontainer.json'), '{ "image": "third" }');
    await symlink('places', join(scratch, 'link'));
  });

  const calls: readonly (readonly string[])[] = [
    ['--workspace-folder', 'places'], ['--workspace-folder', 'places/'], ['--workspace-folder', 'link'], ['--workspace-folder', './nested/../places'],
    ['--workspace-folder', 'a, b c'],
    ['--workspace-folder', 'nested'], ['--workspace-folder', 'nested', '--config', 'nested/.devcontainer/go/devcontainer.json'],
    ['--workspace-folder', 'places', '--override-config', 'nested/.devcontainer/go/devcontainer.json'],
    ['--workspace-folder', 'nested', '--override-config', 'places/.devcontainer.json'],
    ['--workspace-folder', 'nested', '--config', 'gone.json'], ['--workspace-folder', 'gone'],
    ['--config', 'places/.devcontainer.json'],
  ];
  for (const words of calls) {
    it(`${words.join(' ')}`, async () => {
      const { mine, theirs } = await both(words);
      assert.deepEqual(mine, theirs);
    });
  }

  it('without words, in the folder', async () => {
    const { mine, theirs } = await both([], join(scratch, 'places'));
    assert.deepEqual(mine, theirs);
    assert.equal(mine.status, 0);
  });

  it('shares the folder alone, not the repository around it', async () => {
    const repository = join(scratch, 'repository');
    await mkdir(join(repository, 'part'), { recursive: true });
    await promisify(execFile)('git', ['init', '--quiet', repository]);
    await writeFile(join(repository, 'part', '.devcontainer.json'), '{ "image": "a" }');
    const { mine, theirs } = await both(['--workspace-folder', 'repository/part']);
    assert.deepEqual(theirs.printed?.['workspace'], { workspaceFolder: '/workspaces/repository/part', workspaceMount: `type=bind,source=${repository},target=/workspaces/repository` });
    assert.deepEqual(mine.printed?.['workspace'], { workspaceFolder: '/workspaces/part', workspaceMount: `type=bind,source=${join(repository, 'part')},target=/workspaces/part` });
    const folderAlone = await oracle.readConfiguration(['--workspace-folder', 'repository/part', '--mount-workspace-git-root', 'false'], undefined, scratch);
    assert.deepEqual(withoutForeignParts(folderAlone), mine);
  });
});
