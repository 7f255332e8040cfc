import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { healthOptions } from './healthOptions.ts';

test('as with docker, a time or a count of 0 leaves it to the image', () => {
  const command = new Command();
  healthOptions.add(command);
  command.parse(['--health-start-period', '0s', '--health-interval', '0s', '--health-retries', '0', '--health-timeout', '2s'], { from: 'user' });
  assert.deepEqual(healthOptions.spec(command.opts()), { healthCheck: { timeoutSeconds: 2 } });
});
