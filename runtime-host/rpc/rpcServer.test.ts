import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../base/log.ts';
import { RpcServer } from './rpcServer.ts';

test('where there can be no socket, the variable to change is named', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'rpc-'));
  context.after(() => rm(directory, { recursive: true }));
  const host = { log: silentLogger, home: directory, startedAt: new Date(), services: new Promise<never>(() => undefined), qemuVersion: () => Promise.resolve(undefined), requestStop: () => undefined };
  const server = new RpcServer(host as unknown as ConstructorParameters<typeof RpcServer>[0], () => undefined);
  await assert.rejects(server.listen(join(directory, 'missing', 'host.sock')), {
    code: 'InvalidArgument',
    message: /^Berth cannot make a socket in .*missing \(E[A-Z]+\).*Set BERTH_RUNTIME_DIR to a directory on a local disk\.$/,
  });
});
