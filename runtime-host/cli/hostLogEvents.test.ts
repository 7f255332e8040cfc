import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatHostLogEvent, parseHostLog } from './hostLogEvents.ts';
import { parseMoment } from './since.ts';

test('what the host writes is read back: plain, with data, with a stack', () => {
  const events = parseHostLog([
    'the rest of a line that was cut',
    '2026-01-31T12:00:00.000Z info The host is up',
    '2026-01-31T12:00:01.000Z warn Braces {"in": "it"} and data {"id":"abc","nested":{"a":[1]}}',
    '2026-01-31T12:00:02.000Z error Broken: TypeError: no "such" thing',
    '    at somewhere (file.ts:1:2)',
    '    at elsewhere {"container":"x y"}',
    '',
  ].join('\n'));
  assert.deepEqual(events.map(({ level }) => level), ['info', 'warn', 'error']);
  assert.deepEqual([events[0]?.message, events[0]?.data], ['The host is up', undefined]);
  assert.deepEqual([events[1]?.message, events[1]?.data], ['Braces {"in": "it"} and data', { id: 'abc', nested: { a: [1] } }]);
  assert.match(events[2]?.message ?? '', /^Broken: TypeError: no "such" thing\n\s+at /);
  assert.deepEqual(events[2]?.data, { container: 'x y' });
  const shown = formatHostLogEvent(events[1] ?? assert.fail());
  assert.match(shown, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}WARN {2}Braces .* data {2}id=abc {2}nested=\{"a":\[1\]\}$/);
});

test('moments', () => {
  assert.equal(parseMoment('2026-01-31T12:00:00Z'), Date.UTC(2026, 0, 31, 12));
  assert.equal(parseMoment('1h30m', 10_000_000), 10_000_000 - 5_400_000);
  assert.equal(parseMoment('1700000000.5'), 1_700_000_000_500);
  assert.equal(parseMoment('1h', 1000), 0, 'there is nothing from before 1970, and the host takes no negative numbers');
  for (const wrong of ['', 'yesterday', '10x', '2026-99-99']) assert.throws(() => parseMoment(wrong), { code: 'commander.invalidArgument' }, wrong);
});
