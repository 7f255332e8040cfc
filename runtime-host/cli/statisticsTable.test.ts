import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStatistics } from '../protocol/statistics.ts';
import type { ContainerInfo } from '../protocol/types.ts';
import { statisticsRow, statisticsTable } from './statisticsTable.ts';

const info = { id: '0123456789abcdef', name: 'box' } as ContainerInfo;
const statistics: ContainerStatistics = {
  id: info.id, name: info.name, uptimeMicroseconds: 5_000_000, processors: 2, cpu: { userMicroseconds: 900_000, systemMicroseconds: 100_000 },
  memory: { usedBytes: 64 * 2 ** 20, totalBytes: 80 * 2 ** 20, limitBytes: 256 * 2 ** 20, peakBytes: 90 * 2 ** 20, anonymousBytes: 60 * 2 ** 20, pageCacheBytes: 2 ** 24 },
  tasks: 3, disk: { readBytes: 1_732_608, writtenBytes: 4096, readOperations: 19, writeOperations: 1 }, oomKills: 0, host: { memoryBytes: 160.5 * 2 ** 20, diskBytes: 3 * 2 ** 20 },
};

test('rates are differences of two times', () => {
  const later = { ...statistics, uptimeMicroseconds: 7_000_000, cpu: { userMicroseconds: 3_400_000, systemMicroseconds: 200_000 } };
  assert.equal(statisticsRow(info, later, statistics).cpuPercent, 130);
  assert.equal(statisticsRow(info, statistics, later).cpuPercent, undefined, 'it was started anew');
  assert.equal(statisticsRow(info, statistics).memoryPercent, 25);
});

test('the table has docker’s columns and the host’s', () => {
  const rows = [statisticsRow(info, statistics, { ...statistics, uptimeMicroseconds: 1, cpu: { userMicroseconds: 0, systemMicroseconds: 0 } }), statisticsRow({ ...info, name: 'idle' } as ContainerInfo)];
  assert.equal(statisticsTable(rows, true), [
    'CONTAINER ID   NAME   CPU %    MEM USAGE / LIMIT   MEM %    BLOCK I/O        PIDS   HOST MEM   HOST DISK',
    '0123456789ab   box    20.00%   64MiB / 256MiB      25.00%   1.73MB / 4.1kB   3      160.5MiB   3MiB',
    '0123456789ab   idle   --       -- / --             --       -- / --          --     --         --',
    '',
  ].join('\n'));
  assert.match(statisticsTable(rows, false), /\n0123456789abcdef /);
});
