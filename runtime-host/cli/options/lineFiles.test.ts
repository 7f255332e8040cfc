import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readEnvFile, readLabelFile } from './lineFiles.ts';

const directory = mkdtempSync(join(tmpdir(), 'lines-'));
after(() => rmSync(directory, { recursive: true }));
let count = 0;

function file(content: string | Uint8Array): string {
  const path = join(directory, String(count++));
  writeFileSync(path, content);
  return path;
}

test('variables of a file, as docker reads them', () => {
  const path = file('\uFEFFA=1\n# a comment\n\n  B=  two words \r\nC="quoted"\nHOME\nUNSET\nEMPTY=\nLAST=a=b#c');
  assert.deepEqual(readEnvFile(path, { HOME: '/h' }), ['A=1', 'B=  two words ', 'C="quoted"', 'HOME=/h', 'EMPTY=', 'LAST=a=b#c']);
});

test('what is wrong with a file is told with its line', () => {
  const wrong = file('A=1\n=x\n');
  assert.throws(() => readEnvFile(wrong), { message: `${wrong}:2: “” is no name of a variable. Write NAME=value.` });
  const spaced = file('A B=1');
  assert.throws(() => readEnvFile(spaced), /:1: “A B” is no name/);
  assert.throws(() => readEnvFile(join(directory, 'missing')), /cannot be read: ENOENT/);
  assert.throws(() => readEnvFile(file(Uint8Array.of(0xff, 0xfe))), /not UTF-8/);
});

test('labels of a file', () => {
  assert.deepEqual(readLabelFile(file('a=1\nb\n#c=2\nd=x y\n')), [['a', '1'], ['b', ''], ['d', 'x y']]);
  assert.throws(() => readLabelFile(file('a b=1')), /no label/);
});
