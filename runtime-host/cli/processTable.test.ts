import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerProcess } from '../protocol/statistics.ts';
import { parsePsOptions, processTable } from './processTable.ts';

const now = new Date(2026, 4, 7, 18, 30, 0).getTime();

function entry(changes: Partial<ContainerProcess>): ContainerProcess {
  return {
    pid: 1, parentPid: 0, uid: 0, gid: 0, user: 'root', group: 'root', state: 'S', startedAt: new Date(2026, 4, 7, 18, 0, 0).toISOString(), cpuMilliseconds: 0,
    virtualBytes: 2 ** 20, residentBytes: 2 ** 19, threads: 1, nice: 0, session: 1, processGroup: 1, name: 'init', command: ['init'], ...changes,
  };
}

const processes = [
  entry({}),
  entry({ pid: 7, parentPid: 1, uid: 1000, user: undefined as never, terminal: 'pts/0', startedAt: new Date(2026, 2, 1, 8, 5, 0).toISOString(), cpuMilliseconds: 93_784_000, threads: 4, nice: 5, name: 'node', command: ['node', 'two words', 'line\nbreak'] }),
  entry({ pid: 9, parentPid: 7, state: 'Z', name: 'gone', command: [] }),
];

const shown = (...words: string[]): string => processTable(processes, parsePsOptions(words), { memoryBytes: 2 ** 26, now });

test('without options, and with -ef, as `docker top`', () => {
  const expected = [
    'UID    PID   PPID   C   STIME   TTY     TIME         CMD',
    'root   1     0      0   18:00   ?       00:00:00     init',
    '1000   7     1      1   Mar01   pts/0   1-02:03:04   node two words line break',
    'root   9     7      0   18:00   ?       00:00:00     [gone] <defunct>',
    '',
  ].join('\n');
  assert.equal(shown(), expected);
  assert.equal(shown('-ef'), expected);
  assert.equal(shown('-e', '-f'), expected);
});

test('other layouts of ps, and own columns', () => {
  assert.equal(shown('aux').split('\n')[0], 'USER   PID   %CPU   %MEM   VSZ    RSS   TTY     STAT   START   TIME      COMMAND');
  assert.match(shown('aux'), /\n1000 +7 +1\.6 +0\.8 +1024 +512 +pts\/0 +SNl +Mar01 +1563:04 +node/);
  assert.equal(shown('-e').split('\n')[2], '7     pts/0   1-02:03:04   node');
  assert.equal(shown('-eo', 'pid,args').split('\n')[0], 'PID   COMMAND');
  assert.equal(shown('-opid=Number', '-o', 'comm').split('\n')[3], '9        gone <defunct>');
});

test('what ps knows and this does not is named', () => {
  assert.throws(() => parsePsOptions(['-q', '1']), /does not know “-q” of ps/);
  assert.throws(() => parsePsOptions(['-o', 'wchan']), /“wchan”.*The columns are pid, /);
  assert.throws(() => parsePsOptions(['-o']), /does not know “”/);
  assert.throws(() => parsePsOptions(['']), /does not know “”/);
});
