import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createLogger, silentLogger } from '../../base/log.ts';
import { hostCertificates } from './certificates.ts';

let directory: string;
const pem: string[] = [];

/** Makes a certificate authority with openssl, which knows nothing of the code under test. */
function authority(name: string): string {
  const [file, key] = [join(directory, `${name}.pem`), join(directory, `${name}.key`)];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', file, '-days', '30', '-subj', `/O=Corp/CN=${name}`], { stdio: 'pipe' });
  return file;
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ca-'));
  for (const name of ['one', 'two', 'three']) pem.push(await readFile(authority(name), 'utf8'));
});
after(() => rm(directory, { recursive: true }));

const subjects = (found: readonly string[]): string[] => found.map((certificate) => /CN=(.*)/.exec(new X509Certificate(certificate).subject)?.[1] ?? '');
const none = { directories: [], keychain: undefined };

test('PEM and DER files of a directory, also below it and by links; none twice; nothing else', async () => {
  const store = join(directory, 'store');
  await mkdir(join(store, 'below'), { recursive: true });
  await writeFile(join(store, 'a.crt'), `A comment, as openssl writes it\n${pem[0]}`);
  execFileSync('openssl', ['x509', '-in', join(directory, 'two.pem'), '-outform', 'der', '-out', join(store, 'below', 'b.cer')]);
  await writeFile(join(store, 'c.pem'), `${pem[1]}\r\n${pem[2]}`);
  await writeFile(join(store, 'key.pem'), await readFile(join(directory, 'one.key')));
  await writeFile(join(store, 'broken.crt'), (pem[0] ?? '').replace(/MI/, 'AA'));
  await writeFile(join(store, 'README'), pem[0] ?? '');
  await symlink(join(directory, 'one.pem'), join(store, 'd.crt'));
  await symlink('/nowhere', join(store, 'e.crt'));
  const found = await hostCertificates({}, silentLogger, { directories: [store, join(directory, 'missing'), store], keychain: undefined });
  assert.deepEqual(subjects(found).sort(), ['one', 'three', 'two']);
  for (const certificate of found) assert.match(certificate, /^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/);
});

test('what the environment names: a file or directory of ours, and bundles that hold few', async () => {
  assert.deepEqual(subjects(await hostCertificates({ BERTH_CA_CERTIFICATES: join(directory, 'two.pem') }, silentLogger, none)), ['two']);
  const own = join(directory, 'own');
  await mkdir(own);
  await copyFile(join(directory, 'three.pem'), join(own, 'three.crt'));
  assert.deepEqual(subjects(await hostCertificates({ BERTH_CA_CERTIFICATES: own, NODE_EXTRA_CA_CERTS: join(directory, 'one.pem'), SSL_CERT_FILE: join(directory, 'one.pem') }, silentLogger, none)), ['three', 'one']);
  const bundle = join(directory, 'bundle');
  for (let count = 0; count < 21; count += 1) await appendFile(bundle, pem[count % 3] ?? '');
  assert.deepEqual(await hostCertificates({ SSL_CERT_FILE: bundle }, silentLogger, none), [], 'a whole trust store');
  const lines: string[] = [];
  assert.deepEqual(await hostCertificates({ BERTH_CA_CERTIFICATES: '/nowhere' }, createLogger((line) => lines.push(line)), none), []);
  assert.match(lines.join(''), /BERTH_CA_CERTIFICATES names no certificates {"path":"\/nowhere"}/);
});

test('a machine’s own places can be read', async () => {
  assert.ok(Array.isArray(await hostCertificates({}, silentLogger)));
});
