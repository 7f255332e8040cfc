import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pathLinks } from './pathLinks.ts';

/** The links of a line, each as the text that it covers and where it leads. */
function links(line: string): string[] {
  return pathLinks(line).map(({ start, length, path, line: number, column }) => `${line.slice(start, start + length)} > ${path}${number === undefined ? '' : ` ${number}`}${column === undefined ? '' : `,${column}`}`);
}

describe('paths in a terminal’s line', () => {
  it('are absolute or relative, with the forms in which tools say where', () => {
    assert.deepEqual(links('/workspaces/app/a.ts'), ['/workspaces/app/a.ts > /workspaces/app/a.ts']);
    assert.deepEqual(links('src/a.ts:3:5 - error TS1: no'), ['src/a.ts:3:5 > src/a.ts 3,5']);
    assert.deepEqual(links('./a.c:12: warning'), ['./a.c:12 > ./a.c 12']);
    assert.deepEqual(links('../b/a.ts(7,9): error'), ['../b/a.ts(7,9) > ../b/a.ts 7,9']);
    assert.deepEqual(links('a.pas(7) Fatal'), ['a.pas(7) > a.pas 7']);
    assert.deepEqual(links('  File "/w/x.py", line 3, in f'), ['/w/x.py", line 3 > /w/x.py 3']);
    assert.deepEqual(links('    at f (/w/x.js:1:2)'), ['/w/x.js:1:2 > /w/x.js 1,2']);
    assert.deepEqual(links('file:///w/x.js:1:2'), ['file:///w/x.js:1:2 > /w/x.js 1,2']);
    assert.deepEqual(links(' --> src/main.rs:2:14'), ['src/main.rs:2:14 > src/main.rs 2,14']);
  });

  it('may be quoted, and then have spaces; brackets and full stops around them are none of theirs', () => {
    assert.deepEqual(links('"/w/my file.txt":3'), ['"/w/my file.txt":3 > /w/my file.txt 3']);
    assert.deepEqual(links('see [src/a.md], (b/c.txt).'), ['src/a.md > src/a.md', 'b/c.txt > b/c.txt']);
    assert.deepEqual(links('Makefile:10: *** x.  Stop.'), ['Makefile:10 > Makefile 10']);
  });

  it('are not seen in what is none', () => {
    for (const line of ['https://example.test/a/b.ts:3', 'nothing here', '10:42:13', 'a = b;', '3.14', '--flag', '']) assert.deepEqual(links(line), [], line);
  });
});
