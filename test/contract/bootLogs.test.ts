import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { BootLogs } from '../support/bootLogs.ts';
import { temporaryDirectory } from '../support/imageStores.ts';

test('boot logs: what a kernel or vminitd complains about is found, also when its container is gone', async (t) => {
  const home = await temporaryDirectory(t);
  const paths = new BerthPaths({ BERTH_HOME: home, BERTH_RUNTIME_DIR: home });
  let machines = 0;
  const afterRun = async (log: string, pardoned?: RegExp): Promise<void> => {
    machines += 1;
    const id = String(machines).repeat(64);
    const { bootLog } = paths.container(id);
    await mkdir(dirname(bootLog), { recursive: true });
    await writeFile(bootLog, 'Linux version 6.12\nRun /init as init process\n');
    const logs = new BootLogs(paths);
    logs.notice({ id, info: { name: 'box', state: 'running', vmPid: machines } as ContainerInfo });
    await writeFile(bootLog, log, { flag: 'a' });
    await rm(dirname(bootLog), { recursive: true });
    logs.check(pardoned);
  };
  await afterRun('reboot: Power down\n');
  for (const line of ['WARNING: CPU: 0 PID: 1 at kernel/x.c:3', 'BUG: kernel NULL pointer dereference', 'INFO: task sh:7 blocked for more than 120 seconds.', 'vminitd: no room', 'rcu: INFO: rcu_sched detected stalls on CPUs/tasks']) {
    await assert.rejects(afterRun(`before\n[    1.000000] ${line}\nCall Trace:\n`), (error: Error) => error.message.includes(`box:\nRun /init as init process\nbefore\n[    1.000000] ${line}`) || error.message.includes(line));
    await assert.rejects(afterRun(`${line}\n`));
  }
  await afterRun('WARNING: provoked\n', /provoked/);
});
