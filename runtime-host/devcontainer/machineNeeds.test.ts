import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDevContainer } from './devcontainer.ts';
import { machineFor } from './machineNeeds.ts';

const gigabyte = 1024 ** 3;
const here = { cpus: 4, memoryBytes: 8 * gigabyte, storageBytes: 20 * gigabyte };
const machine = (text: string, usual: { memoryBytes: number; cpus?: number } = { memoryBytes: 2 * gigabyte }) => machineFor(parseDevContainer(text, { localFolder: '/p', localEnv: {} }), usual, here);

describe('the size of a folder’s virtual machine', () => {
  it('is as usual, or what is required where that is more', () => {
    assert.deepEqual(machine('{}'), { memoryBytes: 2 * gigabyte });
    assert.deepEqual(machine('{ "hostRequirements": { "cpus": 2, "memory": "1gb", "storage": "20gb" } }'), { memoryBytes: 2 * gigabyte });
    assert.deepEqual(machine('{ "hostRequirements": { "cpus": 3, "memory": "4gb" } }'), { memoryBytes: 4 * gigabyte, cpus: 3 });
    assert.deepEqual(machine('{ "hostRequirements": { "cpus": 2 } }', { memoryBytes: gigabyte, cpus: 1 }), { memoryBytes: gigabyte, cpus: 2 });
  });

  it('is exactly what runArgs say', () => {
    assert.deepEqual(machine('{ "runArgs": ["--memory=1g", "--cpus=1"], "hostRequirements": { "cpus": 2, "memory": "4gb" } }'), { memoryBytes: gigabyte, cpus: 1 });
  });

  it('cannot be more than there is', () => {
    assert.throws(() => machine('{ "hostRequirements": { "memory": "64gb" } }'), { code: 'DevContainerInvalid', message: /“hostRequirements\.memory” in devcontainer\.json asks for 64 GB; this machine has 8 GB\. Lower it/ });
    assert.throws(() => machine('{ "hostRequirements": { "cpus": 5 } }'), { message: /asks for 5 processors; this machine has 4/ });
    assert.throws(() => machine('{ "hostRequirements": { "storage": "1tb" } }'), { message: /asks for 1024 GB; this machine has 20 GB free/ });
  });
});
