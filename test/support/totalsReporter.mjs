import { appendFileSync } from 'node:fs';

/**
 * A node:test reporter that appends `{passed, failed, skipped}` of its run to the file in BERTH_TEST_TOTALS, so that
 * several runs can be added up. Suites are not counted, the tests in them are.
 */
export default async function* totals(events) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    if (event.data.details?.type === 'suite') continue;
    if (event.data.skip !== undefined) count.skipped += 1;
    else if (event.type === 'test:pass') count.passed += 1;
    else count.failed += 1;
  }
  const file = process.env.BERTH_TEST_TOTALS;
  if (file) appendFileSync(file, `${JSON.stringify(count)}\n`);
  yield '';
}
