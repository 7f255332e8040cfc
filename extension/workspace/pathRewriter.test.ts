import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PathRewriter, rewritePaths } from './pathRewriter.ts';

const pairs = [{ from: '/workspaces/app', to: '/home/ada/app' }, { from: '/workspaces/app/deep er', to: '/mnt/déep' }, { from: '/workspaces/app/own', to: '/workspaces/app/own' }];
const cases: readonly (readonly [string, string])[] = [
  ['/workspaces/app/a.ts:3:5 - error', '/home/ada/app/a.ts:3:5 - error'],
  ['at f (/workspaces/app/a.js:1:2)', 'at f (/home/ada/app/a.js:1:2)'],
  ['"/workspaces/app"', '"/home/ada/app"'],
  ['in /workspaces/app.', 'in /home/ada/app.'],
  ['--out=/workspaces/app,/workspaces/app:/x', '--out=/home/ada/app,/home/ada/app:/x'],
  ['\x1b[31m/workspaces/app/a.ts\x1b[0m', '\x1b[31m/home/ada/app/a.ts\x1b[0m'],
  ['\x1b[2m/workspaces/app/\x1b[22ma.ts', '\x1b[2m/home/ada/app/\x1b[22ma.ts'],
  ['\x1b]8;;file:///workspaces/app/a.ts\x1b\\a.ts', '\x1b]8;;file:///home/ada/app/a.ts\x1b\\a.ts'],
  ['file://guest/workspaces/app/deep%20er/x', 'file://guest/mnt/d%C3%A9ep/x'],
  ['/workspaces/app/deep er/x', '/mnt/déep/x'],
  ['/workspaces/app/own/x', '/workspaces/app/own/x'],
  ['/workspaces/app/owner', '/home/ada/app/owner'],
  ['/workspaces/application /workspaces/app-2 /workspaces/app.old', '/workspaces/application /workspaces/app-2 /workspaces/app.old'],
  ['/other/workspaces/app /workspaces /', '/other/workspaces/app /workspaces /'],
  ['x/workspaces/app ../workspaces/app', 'x/workspaces/app ../workspaces/app'],
  ['/workspaces/app//workspaces/app', '/home/ada/app//workspaces/app'],
];

describe('paths in text', () => {
  it('are replaced where they are whole', () => {
    for (const [text, expected] of cases) assert.equal(rewritePaths(text, pairs), expected);
  });

  it('are found however the text is cut into pieces', () => {
    const text = cases.map(([from]) => from).join('\r\n');
    const expected = cases.map(([, to]) => to).join('\r\n');
    for (let size = 1; size < 40; size++) {
      const rewriter = new PathRewriter(pairs);
      let result = '';
      for (let at = 0; at < text.length; at += size) result += rewriter.write(text.slice(at, at + size));
      assert.equal(result + rewriter.flush(), expected, `in pieces of ${size}`);
    }
  });

  it('hold back no more than may become one', () => {
    const rewriter = new PathRewriter(pairs);
    assert.equal(rewriter.write('$ ls /'), '$ ls ');
    assert.equal(rewriter.pending, true);
    assert.equal(rewriter.write('etc'), '/etc');
    assert.equal(rewriter.pending, false);
    assert.equal(rewriter.write(' /workspaces/app'), ' ');
    assert.equal(rewriter.flush(), '/home/ada/app');
    assert.equal(rewriter.write('lication'), 'lication');
  });

  it('stay as they are when nothing is shared', () => {
    const rewriter = new PathRewriter([{ from: '/a', to: '/a' }]);
    assert.equal(rewriter.write('/a'), '/a');
    assert.equal(new PathRewriter([]).write('/workspaces/app'), '/workspaces/app');
  });

  it('cost little', () => {
    const line = `${'x'.repeat(60)} /workspaces/app/src/a.ts:3:5 /usr/lib/x\n`;
    const text = line.repeat(10_000);
    const rewriter = new PathRewriter(pairs);
    let length = 0;
    for (let at = 0; at < text.length; at += 65_536) length += rewriter.write(text.slice(at, at + 65_536)).length;
    assert.equal(length, text.length - 2 * 10_000);
  });
});
