import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerStatistics } from '../../runtime-host/protocol/statistics.ts';
import { formatProcessorTime, processorPercent, usageFigures, usageSummary } from './usageFigures.ts';

const mebibyte = 1024 ** 2;

function sample(seconds: number, cpuSeconds: number, readBytes = 0): ContainerStatistics {
  return {
    id: 'x', name: 'x', uptimeMicroseconds: seconds * 1_000_000, processors: 2, tasks: 1, oomKills: 0,
    cpu: { userMicroseconds: cpuSeconds * 750_000, systemMicroseconds: cpuSeconds * 250_000 },
    memory: { usedBytes: 120 * mebibyte, totalBytes: 0, limitBytes: 2048 * mebibyte, peakBytes: 0, anonymousBytes: 0, pageCacheBytes: 0 },
    disk: { readBytes, writtenBytes: 0, readOperations: 0, writeOperations: 0 }, host: { memoryBytes: 0, diskBytes: 0 },
  };
}

describe('what a container uses', () => {
  it('is a rate between two samples by the guest’s own clock', () => {
    assert.equal(processorPercent(sample(12, 3), sample(10, 0)), 150);
    assert.equal(processorPercent(sample(10, 3), sample(10, 3)), undefined);
    const [cpu, memory, disk] = usageFigures(sample(12, 0.1, 4 * mebibyte), sample(10, 0));
    assert.deepEqual([cpu?.value, memory?.value, disk?.value], ['5.0 %', '120 MB of 2 GB', '2 MB/s read, 0 bytes/s written']);
  });

  it('is not guessed from one', () => {
    assert.equal(usageSummary(sample(10, 3), undefined), '… · 120 MB');
    assert.equal(usageFigures(sample(10, 3), undefined)[2]?.value, '… read, … written');
  });

  it('has processor times as ps has them', () => {
    assert.deepEqual([0, 3999, 61_000, 3_601_000].map(formatProcessorTime), ['0:00', '0:03', '1:01', '1:00:01']);
  });
});
