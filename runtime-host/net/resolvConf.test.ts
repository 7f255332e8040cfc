import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostSearchDomains, searchDomains } from './resolvConf.ts';

test('the search domains of a resolv.conf', async () => {
  assert.deepEqual(searchDomains('nameserver 1.2.3.4\nsearch corp.example  lab.example.\n'), ['corp.example', 'lab.example.']);
  assert.deepEqual(searchDomains('search a.example\ndomain b.example'), ['b.example']);
  assert.deepEqual(searchDomains('# search x\nsearch .\noptions ndots:2'), []);
  assert.deepEqual(await hostSearchDomains('/nonexistent'), []);
});
