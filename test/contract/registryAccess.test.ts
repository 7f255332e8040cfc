import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { failsWith, openImages, temporaryDirectory } from '../support/imageStores.ts';
import { startRegistry } from '../support/registry.ts';
import { buildImage } from '../support/testImages.ts';

const run = promisify(execFile);

interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

async function makeCertificate(directory: string, hostName: string): Promise<Certificate> {
  const [certificate, key] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')];
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${hostName}`, '-addext', `subjectAltName=DNS:${hostName}`, '-keyout', key, '-out', certificate]);
  return { certificate, key };
}

/** A token service that gives everyone what they ask for, signed so that the real registry believes it. */
async function startTokenService(t: TestContext, { certificate, key }: Certificate): Promise<{ realm: string; scopes: string[] }> {
  const privateKey = createPrivateKey(await readFile(key));
  const x5c = [(await readFile(certificate, 'utf8')).replace(/-----[A-Z ]+-----|\s/g, '')];
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const scopes: string[] = [];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    const scope = searchParams.get('scope') ?? '';
    scopes.push(scope);
    const [type, name, actions = ''] = scope.split(':');
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: 'berth-test', sub: '', aud: searchParams.get('service'), exp: now + 300, nbf: now - 10, iat: now, jti: randomUUID(), access: [{ type, name, actions: actions.split(',') }] };
    const unsigned = `${encode({ typ: 'JWT', alg: 'ES256', x5c })}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(unsigned), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    response.end(JSON.stringify({ token: `${unsigned}.${signature}`, expires_in: 300 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return { realm: `http://localhost:${(server.address() as AddressInfo).port}/token`, scopes };
}

test('token authentication with the real registry: one anonymous token for the whole pull', async (t) => {
  const directory = await temporaryDirectory(t);
  const certificate = await makeCertificate(directory, 'auth.test');
  const { realm, scopes } = await startTokenService(t, certificate);
  const registry = await startRegistry({ auth: { token: { realm, service: 'berth-registry', issuer: 'berth-test', rootcertbundle: certificate.certificate } } });
  t.after(() => registry.stop());
  buildImage(join(directory, 'layout'), { layers: [[{ path: 'a' }], [{ path: 'b' }]] });
  const reference = await registry.push(join(directory, 'layout'), 'berth/token:1');
  const { service } = await openImages(join(directory, 'content'));
  scopes.length = 0;
  assert.equal((await service.pull(reference)).reference, reference);
  assert.deepEqual(scopes, ['repository:berth/token:pull']);
  await assert.rejects(service.pull(`${registry.host}/berth/none:1`), failsWith('ImageNotFound'));
});

test('a registry that wants a password is refused with a plain sentence', async (t) => {
  const directory = await temporaryDirectory(t);
  const registry = await startRegistry({ auth: { htpasswd: { realm: 'berth', path: join(directory, 'htpasswd') } } });
  t.after(() => registry.stop());
  const { service } = await openImages(join(directory, 'content'));
  await assert.rejects(service.pull(`${registry.host}/berth/private:1`), failsWith('RegistryRefused', /wants a user name and a password\. Berth cannot sign in/));
});

test('HTTPS: a trusted certificate is needed, and a registry elsewhere is never asked without encryption', async (t) => {
  const directory = await temporaryDirectory(t);
  const certificate = await makeCertificate(directory, 'registry.test');
  const registry = await startRegistry({ tls: certificate });
  t.after(() => registry.stop());
  buildImage(join(directory, 'layout'), { layers: [[{ path: 'a' }]] });
  await registry.push(join(directory, 'layout'), 'berth/tls:1');
  // Names of our own for the loopback address, where the certificate's name is not known to DNS.
  const lookup: LookupFunction = (_name, options, callback) => {
    if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
    else callback(null, '127.0.0.1', 4);
  };
  const certificateAuthorities = await readFile(certificate.certificate, 'utf8');
  const trusting = await openImages(join(directory, 'trusting'), { lookup, certificateAuthorities });
  const reference = `registry.test:${registry.port}/berth/tls:1`;
  assert.equal((await trusting.service.pull(reference)).reference, reference);
  await assert.rejects(trusting.service.pull(`other.test:${registry.port}/berth/tls:1`), failsWith('RegistryUnreachable', /certificate .* is not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)/));
  const plain = await openImages(join(directory, 'plain'), { lookup });
  await assert.rejects(plain.service.pull(reference), failsWith('RegistryUnreachable', /certificate .* is not trusted/));
  const insecure = await startRegistry();
  t.after(() => insecure.stop());
  await assert.rejects(plain.service.pull(`registry.test:${insecure.port}/berth/tls:1`), failsWith('RegistryUnreachable', /No secure connection .* HTTP only to registries on this machine/));
});
