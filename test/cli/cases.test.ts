import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { areas } from './areas.ts';
import { playCase } from './playCase.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';

/*
 * What a user of docker expects of the command line, case by case, against real virtual machines. BERTH_CASES chooses
 * cases by a regular expression for their area and description.
 */

const chosen = new RegExp(process.env['BERTH_CASES'] ?? '');
let world: World;

before(async () => { world = await makeWorld(); });
after(() => world?.stop());

let count = 0;
for (const { area, cases } of areas) {
  describe(area, { concurrency: 2 }, () => {
    for (const each of cases) {
      count += 1;
      const name = `case${count}-`;
      const title = each.differs === undefined ? each.docker : `${each.docker} (differs: ${each.differs})`;
      if (chosen.test(`${area}: ${title}`)) test(title, () => playCase(each, name, world));
    }
  });
}

test('every case is one of its own, and their number is known', (t) => {
  const all = areas.flatMap(({ cases }) => cases);
  const scripts = all.map(({ sh, terminal }) => JSON.stringify([sh, terminal?.map(String)]));
  assert.deepEqual(scripts.filter((script, index) => scripts.indexOf(script) !== index), []);
  const summary = `${all.length} cases, ${all.filter(({ differs }) => differs !== undefined).length} differ on purpose`;
  t.diagnostic(summary);
  process.stdout.write(`${summary}\n`);
});
