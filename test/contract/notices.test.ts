import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { thirdPartyNotices } from '../support/setup/notices.mjs';
import { repository } from '../support/setup/paths.mjs';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');

test('what ships names every run-time dependency with its licence, and where the kernel’s source is', () => {
  const notices = thirdPartyNotices();
  const titles = notices.split(/^=+$/m).slice(1).map((part) => part.trim().split('\n')[0] ?? '');
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
  for (const [name, version] of Object.entries(dependencies)) assert.ok(titles.includes(`${name} ${version}`), name);
  for (const name of Object.keys(devDependencies)) assert.ok(!titles.some((title) => title.startsWith(`${name} `)), name);
  for (const program of ['dist/guest/vminitd', 'dist/netd/netd', 'dist/shared/shared']) {
    const linked = [...execFileSync('go', ['version', '-m', join(repository, program)], { encoding: 'utf8' }).matchAll(/^\tdep\t(\S+)\t(\S+)/gm)];
    assert.ok(linked.length > 0);
    for (const [, name, version] of linked) assert.ok(titles.includes(`${name} ${version}`), name);
  }
  assert.match(notices, /Permission is hereby granted/);
  const { sourcePackage, sourceVersion } = JSON.parse(read('guest/kernel/prebuilt/x86_64/provenance.json')) as Record<string, string>;
  assert.ok(notices.includes(`${sourcePackage} ${sourceVersion}`));
  assert.match(notices, /GNU GENERAL PUBLIC LICENSE\s+Version 2/);
});
