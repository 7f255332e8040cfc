import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FaultyImage, impatient, sendHalf } from '../support/faultyImage.ts';
import { startFaultyRegistry, type Exchange } from '../support/faultyRegistry.ts';
import { assertSoundStore, failsWith } from '../support/imageStores.ts';
import { digestOf, testArchitecture, writeBlob } from '../support/testImages.ts';

/*
 * Registries that misbehave. Each test starts with one good image in the store, and afterwards the store is as it was
 * to the byte, and still sound to tools that are not ours.
 */
let faulty: FaultyImage;
before(() => { faulty = new FaultyImage(); });
after(() => faulty.dispose());
const situation: FaultyImage['situation'] = (...words) => faulty.situation(...words);
const isLayer: FaultyImage['isLayer'] = (...words) => faulty.isLayer(...words);

test('unreachable: nothing listens there', async (t) => {
  const { service, registry, reference, assertUntouched } = await situation(t, ({ answer }) => answer());
  await registry.stop();
  await assert.rejects(service.pull(reference), failsWith('RegistryUnreachable', /Nothing answers at the registry localhost:\d+/));
  await assertUntouched();
});

test('unreachable: the name is not known', async (t) => {
  const { service, assertUntouched } = await situation(t, ({ answer }) => answer());
  await assert.rejects(service.pull('registry.invalid/app:1'), failsWith('RegistryUnreachable', /registry registry\.invalid was not found/));
  await assertUntouched();
});

test('slow: accepts the request and never answers', async (t) => {
  const { service, reference, assertUntouched } = await situation(t, () => undefined, impatient);
  await assert.rejects(service.pull(reference), failsWith('RegistryTimeout', /has sent nothing for 0\.5 seconds/));
  await assertUntouched();
});

test('slow: stalls in the middle of a blob', async (t) => {
  const { service, reference, assertUntouched } = await situation(t, (exchange) => {
    if (!isLayer(exchange, 1)) exchange.answer();
    else if (exchange.request.headers.range === undefined) sendHalf(exchange, () => undefined);
  }, impatient);
  await assert.rejects(service.pull(reference), failsWith('RegistryTimeout', /has sent nothing for 0\.5 seconds/));
  await assertUntouched();
});

test('slow but steady is no fault: a pull may take longer than the idle time-out', async (t) => {
  const { service, reference, directory } = await situation(t, (exchange) => {
    if (!isLayer(exchange, 0)) { exchange.answer(); return; }
    const { response, content = Buffer.alloc(0) } = exchange;
    const piece = Math.ceil(content.length / 8);
    let sent = 0;
    response.writeHead(200, { 'content-length': content.length });
    const timer = setInterval(() => {
      response.write(content.subarray(sent, sent + piece));
      sent += piece;
      if (sent >= content.length) { clearInterval(timer); response.end(); }
    }, impatient.idleTimeout / 5);
  }, impatient);
  const started = performance.now();
  await service.pull(reference);
  assert.ok(performance.now() - started > impatient.idleTimeout);
  await assertSoundStore(directory);
});

test('wrong digest: a blob of the right size with other content', async (t) => {
  const { service, reference, assertUntouched } = await situation(t, (exchange) => {
    if (isLayer(exchange, 3)) exchange.response.end(Buffer.alloc(exchange.content?.length ?? 0, 1));
    else exchange.answer();
  });
  await assert.rejects(service.pull(reference), failsWith('DigestMismatch', /arrived damaged: what arrived has the digest sha256:/));
  await assertUntouched();
});

test('wrong size: a blob that ends early, and one that does not end', async (t) => {
  for (const [respond, problem] of [
    [({ response, content = Buffer.alloc(0) }: Exchange) => { response.end(content.subarray(1)); }, /ended after/],
    [({ response }: Exchange) => { const pump = (): void => { while (!response.destroyed && response.write(Buffer.alloc(65_536))); response.once('drain', pump); }; pump(); }, /larger than the \d+ bytes/],
  ] as const) {
    const { service, reference, assertUntouched } = await situation(t, (exchange) => { if (isLayer(exchange, 0)) respond(exchange); else exchange.answer(); });
    await assert.rejects(service.pull(reference), failsWith('DigestMismatch', problem));
    await assertUntouched();
  }
});

test('a blob that the manifest names is missing', async (t) => {
  const { service, reference, assertUntouched } = await situation(t, (exchange) => {
    if (isLayer(exchange, 0)) exchange.response.writeHead(404).end();
    else exchange.answer();
  });
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /does not have a part of the image/));
  await assertUntouched();
});

test('malformed index: what it says of its manifests must be true', async (t) => {
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: faulty.image.config, layers: faulty.image.layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })) });
  for (const mediaType of ['application/json', 'application/vnd.oci.image.index.v1+json']) {
    const index = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [{ mediaType, digest: digestOf(manifest), size: manifest.length, platform: { os: 'linux', architecture: testArchitecture } }] });
    const { service, reference, assertUntouched } = await situation(t, (exchange) => {
      if (exchange.kind !== 'manifests') exchange.answer();
      else exchange.response.writeHead(200, { 'content-type': 'application/vnd.oci.image.index.v1+json' }).end(exchange.name === '1' ? index : manifest);
    });
    await assert.rejects(service.pull(reference), failsWith('ManifestInvalid', new RegExp(`is called “${mediaType.replace('+', '\\+')}”, but is an image manifest`)));
    await assertUntouched();
  }
});

test('malformed manifest: each kind is refused by name', async (t) => {
  const { config, layers } = faulty.image;
  const manifest = { schemaVersion: 2, config, layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })) };
  const cases: [content: string | Buffer, problem: RegExp][] = [
    ['not JSON', /it is not JSON/],
    ['{}', /schemaVersion is missing/],
    [JSON.stringify({ ...manifest, layers: [{ ...layers[0], digest: 'sha256:../../../etc/passwd' }] }), /layers\[0\]\.digest is not a sha256/],
    [JSON.stringify({ ...manifest, layers: manifest.layers.slice(1) }), /has 3 layers, but its configuration describes 4/],
    [JSON.stringify({ schemaVersion: 1, fsLayers: [] }), /schema 1/],
    [Buffer.alloc(5 * 1024 * 1024, ' '), /larger than 4 MiB/],
  ];
  let content: string | Buffer = '';
  const { service, reference, assertUntouched } = await situation(t, (exchange) => {
    if (exchange.kind === 'manifests') exchange.response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }).end(content);
    else exchange.answer();
  });
  for (const [malformed, problem] of cases) {
    content = malformed;
    await assert.rejects(service.pull(reference), failsWith('ManifestInvalid', problem));
    await assertUntouched();
  }
});

test('a manifest that is not what the registry or the index announced', async (t) => {
  const { service, registry, reference, assertUntouched } = await situation(t, (exchange) => {
    if (exchange.kind === 'manifests' && exchange.name === '1') exchange.response.setHeader('docker-content-digest', `sha256:${'0'.repeat(64)}`);
    if (exchange.kind === 'manifests' && exchange.name.startsWith('sha256:')) exchange.response.end('{}');
    else exchange.answer();
  });
  await assert.rejects(service.pull(reference), failsWith('DigestMismatch'));
  await assert.rejects(service.pull(`${registry.host}/faulty@${faulty.image.manifest.digest}`), failsWith('DigestMismatch'));
  await assertUntouched();
});

test('a configuration that is malformed', async (t) => {
  const content = JSON.stringify({ architecture: testArchitecture, os: 'linux', rootfs: { type: 'layers', diff_ids: 'none' } });
  const config = writeBlob(faulty.layout, faulty.image.config.mediaType, content);
  assert.equal(config.digest, digestOf(content));
  const { service, reference, assertUntouched } = await situation(t, (exchange) => {
    if (exchange.kind === 'manifests') exchange.response.end(JSON.stringify({ schemaVersion: 2, config, layers: faulty.image.layers }));
    else exchange.answer();
  });
  await assert.rejects(service.pull(reference), failsWith('ManifestInvalid', /The configuration of .* rootfs\.diff_ids is not a list/));
  await assertUntouched();
});

test('refusals: too many requests, trouble of its own, private', async (t) => {
  let status = 429;
  const { service, reference, assertUntouched } = await situation(t, ({ response }) => response.writeHead(status, { 'retry-after': '7' }).end());
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /too many requests from here\. Try again in 7 seconds/));
  status = 503;
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /problem of its own.*503/));
  status = 403;
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /does not exist there, or it is private/));
  await assertUntouched();
});

test('what answers is no registry: it does not even speak HTTP', async (t) => {
  const { service, reference, assertUntouched } = await situation(t, ({ response }) => { response.socket?.end('SSH-2.0-OpenSSH\r\n'); });
  await assert.rejects(service.pull(reference), failsWith('RegistryUnreachable', /is not a registry/));
  await assertUntouched();
});

test('redirects: followed to storage elsewhere, without the token, and not without end or off this machine', async (t) => {
  const seen: (string | undefined)[] = [];
  const storage = await startFaultyRegistry(faulty.layout, (exchange) => { seen.push(exchange.request.headers.authorization); exchange.answer(); });
  t.after(() => storage.stop());
  let target = (url: string): string => `http://${storage.host.replace('localhost', '127.0.0.1')}${url}`;
  const { service, registry, reference, directory } = await situation(t, (exchange) => {
    const { request, response } = exchange;
    if (request.url?.startsWith('/token')) response.end(JSON.stringify({ token: 'secret' }));
    else if (request.headers.authorization !== 'Bearer secret') response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token"` }).end();
    else if (exchange.kind === 'blobs') response.writeHead(307, { location: target(request.url ?? '') }).end();
    else exchange.answer();
  });
  await service.pull(reference);
  assert.deepEqual(seen, Array(5).fill(undefined));
  assert.equal(registry.log.filter((line) => line.includes('/token')).length, 1, 'the token is remembered');
  await service.remove(reference);
  target = () => 'http://registry.example/blob';
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /redirects to registry\.example without encryption/));
  target = () => 'file:///etc/passwd';
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /an address of the kind “file:”/));
  target = (url) => url;
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /redirects more than 5 times/));
  await assertSoundStore(directory);
});

test('tokens: a service that refuses, one without a token, an address that is not safe', async (t) => {
  let realm = (host: string): string => `http://${host}/token`;
  let token = (exchange: Exchange): unknown => exchange.response.writeHead(403).end();
  const { service, reference, assertUntouched } = await situation(t, (exchange) => {
    const { request, response } = exchange;
    if (request.url?.startsWith('/token')) token(exchange);
    else response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm(request.headers.host ?? '')}",service="x"` }).end();
  });
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /a token for this image/));
  token = ({ response }) => response.end('{"token": "a\\r\\nb: c"}');
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /answer without a token/));
  token = ({ response }) => response.end('{"token": "useless"}');
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /it is private/));
  realm = () => 'http://auth.example/token';
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /no usable address to get a token from/));
  await assertUntouched();
});

test('cancelling: the pull ends at once and leaves nothing; others who wait for it are not disturbed', async (t) => {
  const held: Exchange[] = [];
  let holding = true;
  let reached: () => void = () => undefined;
  const stalled = new Promise<void>((resolve) => { reached = resolve; });
  const { service, reference, registry, assertUntouched } = await situation(t, (exchange) => {
    if (holding && isLayer(exchange, 0)) { held.push(exchange); reached(); } else exchange.answer();
  });
  const first = new AbortController();
  const second = new AbortController();
  const both = [service.pull(reference, { signal: first.signal }), service.pull(reference, { signal: second.signal })] as const;
  await stalled;
  first.abort();
  await assert.rejects(both[0], failsWith('Cancelled'));
  second.abort();
  await assert.rejects(both[1], failsWith('Cancelled', /was cancelled/));
  await assertUntouched();

  holding = false;
  const manifestsBefore = registry.log.filter((line) => line.includes('/manifests/')).length;
  const gone = new AbortController();
  const [one, other] = await Promise.allSettled([service.pull(reference), service.pull(reference, { signal: gone.signal }), Promise.resolve(gone.abort())]);
  assert.equal(one.status, 'fulfilled');
  assert.equal(other.status, 'rejected');
  assert.equal(registry.log.filter((line) => line.includes('/manifests/')).length, manifestsBefore + 1, 'the two shared one pull');
  await assert.rejects(service.pull(reference, { signal: gone.signal }), failsWith('Cancelled'));
});

test('three blobs at a time, not more', async (t) => {
  const waiting: Exchange[] = [];
  let most = 0;
  const { service, reference } = await situation(t, (exchange) => {
    if (exchange.kind !== 'blobs' || exchange.name === faulty.image.config.digest) { exchange.answer(); return; }
    waiting.push(exchange);
    most = Math.max(most, waiting.length);
    // Answered one turn of the loop after three have come, or when no more can come.
    if (waiting.length === 3 || most === 3) setImmediate(() => { for (const held of waiting.splice(0)) held.answer(); });
  });
  await service.pull(reference);
  assert.equal(most, 3);
});
