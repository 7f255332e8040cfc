import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatPlatform, hostPlatform } from '../../oci/platform.ts';
import { checkKernel, checkPlatform } from './machineSpec.ts';

test('a kernel is an ELF file that is there', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'kernel-'));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'vmlinux'), '\x7fELF and more', 'latin1');
  writeFileSync(join(directory, 'bzImage'), 'MZ');
  symlinkSync('vmlinux', join(directory, 'link'));
  assert.equal(await checkKernel(join(directory, 'link')), join(directory, 'vmlinux'));
  await assert.rejects(checkKernel(join(directory, 'bzImage')), /not an uncompressed ELF/);
  await assert.rejects(checkKernel(join(directory, 'missing')), /does not exist/);
  await assert.rejects(checkKernel(directory), /not a file/);
  await assert.rejects(checkKernel('vmlinux'), { code: 'InvalidArgument' });
});

test('only this machine\'s platform', () => {
  const { architecture } = hostPlatform();
  for (const fine of [formatPlatform(hostPlatform()), architecture, 'linux', 'Linux', `LINUX/${architecture}`, architecture === 'amd64' ? 'linux/x86_64' : 'linux/aarch64']) checkPlatform(fine);
  for (const other of ['linux/riscv64', 'windows/amd64', 's390x']) assert.throws(() => checkPlatform(other), { code: 'PlatformUnavailable' }, other);
  for (const wrong of ['', 'linux/', 'a/b/c/d']) assert.throws(() => checkPlatform(wrong), { code: 'InvalidArgument' }, wrong);
});
