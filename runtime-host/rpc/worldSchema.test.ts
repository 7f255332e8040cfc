import assert from 'node:assert/strict';
import { test } from 'node:test';
import { worldOptionNames, type WorldOptions } from '../protocol/worldOptions.ts';
import { containerSpec } from './schemas.ts';

test('everything about a container’s world passes, and nothing of another shape', () => {
  const world: Required<WorldOptions> = {
    capAdd: ['NET_ADMIN'], capDrop: ['ALL'], privileged: true, noNewPrivileges: true, unfiltered: false, unmasked: true, ulimits: [{ name: 'core', soft: -1, hard: -1 }], init: true,
    additionalGroups: ['audio'], hostname: 'box', readOnlyRoot: true, tmpfs: [{ target: '/a' }, { target: '/b', options: '' }], sharedMemoryBytes: 1, pidsLimit: 1,
  };
  assert.deepEqual(Object.keys(world).sort(), [...worldOptionNames].sort());
  assert.deepEqual(containerSpec({ image: 'i', ...world }, ''), { image: 'i', ...world });
  const wrong = { capAdd: 'ALL', privileged: 1, ulimits: [{ name: 'core', soft: -2, hard: 0 }], additionalGroups: [''], tmpfs: [{ options: '' }], sharedMemoryBytes: 0, pidsLimit: -1 };
  for (const [name, value] of Object.entries(wrong)) assert.throws(() => containerSpec({ image: 'i', [name]: value }, ''), { code: 'InvalidArgument' }, name);
});
