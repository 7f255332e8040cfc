import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { identifyProcess } from '../../runtime-host/base/processIdentity.ts';
import { connect } from '../../runtime-host/client/index.ts';
import type { ConnectOptions, HostConnection } from '../../runtime-host/client/index.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { BerthPaths } from '../../runtime-host/protocol/paths.ts';
import { checkDisksBelow } from '../support/checkDisks.ts';

export const localHostPath = fileURLToPath(new URL('./rpcLocalHost.ts', import.meta.url));

/** A Berth of its own in temporary directories; its host is stopped and everything removed after the test. */
export interface ScratchBerth {
  readonly paths: BerthPaths;
  readonly environment: NodeJS.ProcessEnv;
  connect(options?: ConnectOptions): Promise<HostConnection>;
  log(): Promise<string>;
}

export async function scratchBerth(t: TestContext, extra: NodeJS.ProcessEnv = {}): Promise<ScratchBerth> {
  const directory = await mkdtemp(join(tmpdir(), 'b-'));
  const environment = { ...process.env, BERTH_HOME: join(directory, 'home'), BERTH_RUNTIME_DIR: join(directory, 'run'), ...extra };
  const paths = new BerthPaths(environment);
  const open: HostConnection[] = [];
  const berth: ScratchBerth = {
    paths,
    environment,
    connect: async (options = {}) => {
      const client = await connect({ paths, environment, hostPath: localHostPath, ...options });
      open.push(client);
      return client;
    },
    log: () => readFile(paths.hostLog, 'utf8'),
  };
  t.after(async () => {
    for (const client of open) client.close();
    await stopHost(paths);
    try {
      await checkDisksBelow(directory);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
  return berth;
}

/** Ends the host of these paths, if one runs, and waits until it has. */
export async function stopHost(paths: BerthPaths): Promise<void> {
  let client: HostConnection;
  try {
    client = await connect({ paths, start: false });
  } catch (error) {
    assert.ok(error instanceof BerthError && error.code === 'HostUnreachable', String(error));
    return;
  }
  const { pid } = await client.system.status();
  const closed = new Promise<void>((resolve) => client.onDidClose(resolve));
  await client.system.stop();
  await closed;
  await processEnd(pid);
}

/** Settles when there is no such process any more. */
export async function processEnd(pid: number): Promise<void> {
  for (const deadline = Date.now() + 15_000; await identifyProcess(pid);) {
    assert.ok(Date.now() < deadline, `process ${pid} does not end`);
    // The end of a process that is not our child sends no event.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function hasCode(code: BerthError['code']): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof BerthError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
}
