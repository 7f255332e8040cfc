import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Lifecycle } from '../../runtime-host/devcontainer/lifecycle.ts';
import { PrefixedLines } from './prefixedLines.ts';
import { runCommands, runStage, type StageWorld } from './runStages.ts';
import { isWaitedFor, programsOf, stagesOf, type Program, type Stage } from './stages.ts';

const lifecycle: Lifecycle = { onCreate: ['image', 'file'], updateContent: [], postCreate: [{ a: 'one', b: ['two', '2'] }], postStart: ['start'], postAttach: [['attach']], waitFor: 'updateContentCommand' };
const origin = { property: 'postCreateCommand', file: '/w/.devcontainer.json', fileName: '.devcontainer.json' };
const never = new AbortController().signal;

/** Notes what happens; a program whose words hold `fail` ends with 3. */
class NotedWorld implements StageWorld {
  readonly notes: string[] = [];
  readonly #mine: boolean;

  constructor(mine = true) {
    this.#mine = mine;
  }

  async claim({ name }: Stage): ReturnType<StageWorld['claim']> {
    this.notes.push(`claim ${name}`);
    if (!this.#mine) return undefined;
    return { succeeded: async () => { this.notes.push('succeeded'); }, giveUp: () => this.notes.push('gave up') };
  }

  async run({ words }: Program, output: (text: string) => void, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const word = words.at(-1) ?? '';
    this.notes.push(`begin ${word}`);
    await Promise.resolve();
    output(`${word} prints\nmore`);
    this.notes.push(`end ${word}`);
    return word.includes('fail') ? 3 : 0;
  }
}

class Log {
  text = '';
  step(title: string): void {
    this.text += `[${title}]\n`;
  }
  write(text: string): void {
    this.text += text;
  }
}

function stage(commands: Stage['commands']): Stage {
  return { name: 'postCreateCommand', commands, once: 'container' };
}

describe('the stages of a folder’s life', () => {
  it('are those that have commands, in their order', () => {
    assert.deepEqual(stagesOf(lifecycle).map(({ name, once }) => [name, once]), [
      ['onCreateCommand', 'container'], ['postCreateCommand', 'container'], ['postStartCommand', 'start'], ['postAttachCommand', undefined],
    ]);
  });

  it('are waited for up to the one that is named', () => {
    const waited = (waitFor: Lifecycle['waitFor']): string[] => stagesOf(lifecycle).filter(({ name }) => isWaitedFor(name, { ...lifecycle, waitFor })).map(({ name }) => name);
    assert.deepEqual(waited('initializeCommand'), []);
    assert.deepEqual(waited('updateContentCommand'), ['onCreateCommand']);
    assert.deepEqual(waited('postStartCommand'), ['onCreateCommand', 'postCreateCommand', 'postStartCommand']);
  });

  it('run texts with a shell, lists as they are, and objects together', () => {
    assert.deepEqual(programsOf('a && b').map(({ words }) => words), [['/bin/sh', '-c', 'a && b']]);
    assert.deepEqual(programsOf(['a', '&& b']).map(({ words }) => words), [['a', '&& b']]);
    assert.deepEqual(programsOf({ x: 'a', y: ['b'] }).map(({ name, words }) => [name, words]), [['x', ['/bin/sh', '-c', 'a']], ['y', ['b']]]);
  });
});

describe('a stage', () => {
  it('runs one command after the other, and those of an object at the same time', async () => {
    const world = new NotedWorld();
    await runStage(stage(['first', { a: 'one', b: 'two' }]), origin, world, new Log(), never);
    assert.deepEqual(world.notes, ['claim postCreateCommand', 'begin first', 'end first', 'begin one', 'begin two', 'end one', 'end two', 'succeeded']);
  });

  it('is left out when it has been run', async () => {
    const world = new NotedWorld(false);
    await runStage(stage(['first']), origin, world, new Log(), never);
    assert.deepEqual(world.notes, ['claim postCreateCommand']);
  });

  it('needs no claim when it runs each time', async () => {
    const world = new NotedWorld();
    await runStage({ ...stage(['first']), once: undefined }, origin, world, new Log(), never);
    assert.deepEqual(world.notes, ['begin first', 'end first']);
  });

  it('ends with the first failure, which names command, stage, exit code and file, and may be run again', async () => {
    const world = new NotedWorld();
    await assert.rejects(runStage(stage(['fail it', 'next']), origin, world, new Log(), never), {
      code: 'LifecycleCommandFailed',
      message: '“postCreateCommand” in .devcontainer.json ended with exit code 3: fail it. The log has what it printed. Mend the command and try again.',
      data: { stage: 'postCreateCommand', exitCode: 3, file: '/w/.devcontainer.json' },
    });
    assert.deepEqual(world.notes, ['claim postCreateCommand', 'begin fail it', 'end fail it', 'gave up']);
  });

  it('waits for all that run at the same time before it fails', async () => {
    const world = new NotedWorld();
    await assert.rejects(runCommands([{ a: 'fail', b: 'slow' }, 'next'], origin, world, new Log(), never), /“postCreateCommand” \(a\)/);
    assert.deepEqual(world.notes, ['begin fail', 'begin slow', 'end fail', 'end slow']);
  });

  it('begins nothing once it is cancelled', async () => {
    const world = new NotedWorld();
    const cancelled = AbortSignal.abort();
    await assert.rejects(runStage(stage(['first']), origin, world, new Log(), cancelled), { name: 'AbortError' });
    assert.deepEqual(world.notes, []);
  });

  it('has in the log what was run, and what it printed, by name where several print at once', async () => {
    const log = new Log();
    await runCommands(['alone', { a: 'one', b: 'two' }], origin, new NotedWorld(), log, never);
    assert.equal(log.text, '[postCreateCommand: alone]\nalone prints\nmore[postCreateCommand (a): one]\n[postCreateCommand (b): two]\na | one prints\nb | two prints\na | more\nb | more\n');
  });
});

describe('lines with a name', () => {
  it('are passed on when they are whole', () => {
    let text = '';
    const lines = new PrefixedLines('npm', (part) => { text += part; });
    for (const part of ['a', 'b\nc', '', '\n\nd']) lines.add(part);
    assert.equal(text, 'npm | ab\nnpm | c\nnpm | \n');
    lines.end();
    lines.end();
    assert.equal(text, 'npm | ab\nnpm | c\nnpm | \nnpm | d\n');
  });
});
