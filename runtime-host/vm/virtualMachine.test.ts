import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startVirtualMachine } from './virtualMachine.ts';

test('a QEMU that ends in its first moments is reported each time, however busy the host is', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-vm-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const program = join(directory, 'qemu');
  await writeFile(program, '#!/bin/sh\necho "no such machine" >&2\nexit 3\n');
  await chmod(program, 0o755);
  // Ten at a time, so that the end of one is often there before the host has looked again.
  await Promise.all(Array.from({ length: 10 }, async (_, lane) => {
    for (let turn = 0; turn < 10; turn++) {
      const files = join(directory, `${lane}-${turn}`);
      await mkdir(files);
      const starting = startVirtualMachine(program, {
        id: 'test', architecture: 'x86_64', accelerator: 'tcg', qemuVersion: '7.2.22', cpus: 1, memoryBytes: 64 * 1024 * 1024,
        kernel: join(files, 'kernel'), initramfs: join(files, 'initramfs'), kernelArguments: [],
        bootLog: join(files, 'boot.log'), qmpSocket: join(files, 'qmp.sock'), controlSocket: join(files, 'control.sock'),
      }, join(files, 'qemu.log'));
      await assert.rejects(starting, { code: 'VmFailed', message: /no such machine/ });
    }
  }));
});
