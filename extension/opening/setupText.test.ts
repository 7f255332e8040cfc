import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SetupText } from './setupText.ts';

function passed(...chunks: string[]): string {
  const text = new SetupText();
  return chunks.map((chunk) => text.add(chunk)).join('') + text.end();
}

describe('the text of a program for the setup log', () => {
  it('has no colours, titles or cursor movements', () => {
    assert.equal(passed('\u001b[1;32mok\u001b[0m \u001b]0;title\u0007done\u001b[2K\n'), 'ok done\n');
  });

  it('has none either where a sequence is divided', () => {
    const whole = 'a\u001b[38;5;12mb\u001b]8;;https://example.com\u0007c\u001b]8;;\u0007\r\nd';
    for (let at = 0; at <= whole.length; at += 1) assert.equal(passed(whole.slice(0, at), whole.slice(at)), 'abc\nd', `divided at ${at}`);
    assert.equal(passed(...whole), 'abc\nd');
  });

  it('keeps each state of a line that is overwritten', () => {
    assert.equal(passed('10 %\r', '20 %\r\n', 'end'), '10 %\n20 %\nend');
  });

  it('loses a sequence that never ends, and nothing else', () => {
    assert.equal(passed('x\u001b[3'), 'x');
    assert.ok(passed(`\u001b]${'y'.repeat(2000)}`, 'z').endsWith('z'));
  });
});
