import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Replay } from './replay.ts';

/** What comes out of pieces that follow each other from an offset on, the last `late` of which were printed later. */
function replayed(pieces: readonly (string | Buffer)[], { offset = 0, late = 0 } = {}): string {
  const boundary = { segment: 1, position: pieces.length - late };
  const replay = new Replay(boundary);
  let at = offset;
  const out = pieces.map((piece, index) => {
    const data = Buffer.from(piece as string);
    const passed = replay.pass({ kind: 'stdout', offset: at, time: 0, data, end: { segment: 1, position: index + 1 } });
    at += data.length;
    return passed;
  });
  return Buffer.concat(out).toString('utf8');
}

describe('what a terminal that joins late is given', () => {
  it('is everything, with its looks, titles and marks', () => {
    const text = '\x1b[1;31mred\x1b[0m grün 🚢\r\n\x1b]633;A\x07\x1b]0;title\x1b\\\x1b[?1049h\x1b[?2004h\x1b(B\x1b7';
    assert.equal(replayed([text]), text);
    assert.equal(replayed([...Buffer.from(text)].map((byte) => Buffer.of(byte))), text);
  });

  it('asks the terminal nothing, rings no bell and touches no clipboard', () => {
    const questions = ['\x1b[c', '\x1b[>0c', '\x1b[6n', '\x1b[?6n', '\x1b[5n', '\x1b[?2026$p', '\x1b[>q', '\x1b]10;?\x07', '\x1b]4;1;?\x1b\\', '\x1b]52;c;aGk=\x07', '\x1bP$qm\x1b\\', '\x1bP+q544e\x1b\\', '\x1b[18t', '\x1b[?u', '\x1bZ', '\x07'];
    for (const question of questions) {
      assert.equal(replayed([`a${question}b`]), 'ab', JSON.stringify(question));
      assert.equal(replayed([...`a${question}b`]), 'ab', `${JSON.stringify(question)} in pieces`);
      assert.equal(replayed(['a', `${question}b`], { late: 1 }), `a${question}b`, `${JSON.stringify(question)} that is asked now`);
    }
  });

  it('begins at a line where the beginning is gone', () => {
    const rest = Buffer.from('ü[31m\r\nwhole\r\n').subarray(1);
    assert.equal(replayed([rest], { offset: 5 }), 'whole\r\n');
    assert.equal(replayed(['[31', 'm\r', '\nwhole'], { offset: 5 }), 'whole');
    assert.equal(replayed(['no line', 'now'], { offset: 5, late: 1 }), 'now');
  });

  it('goes on in the middle of a sequence where that was printed in two parts', () => {
    assert.equal(replayed(['a\x1b[3', '1mb'], { late: 1 }), 'a\x1b[31mb');
  });

  it('holds nothing back that never becomes a sequence', () => {
    const endless = `\x1b]0;${'x'.repeat(10_000)}`;
    assert.equal(replayed([endless]), endless);
  });
});
