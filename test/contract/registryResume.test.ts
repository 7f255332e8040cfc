import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FaultyImage, impatient, sendHalf } from '../support/faultyImage.ts';
import type { Exchange } from '../support/faultyRegistry.ts';
import { assertSoundStore, failsWith } from '../support/imageStores.ts';

/*
 * Blobs whose transfer is interrupted: the rest is fetched, as long as there is hope.
 */
let faulty: FaultyImage;
before(() => { faulty = new FaultyImage(); });
after(() => faulty.dispose());
const situation: FaultyImage['situation'] = (...words) => faulty.situation(...words);
const isLayer: FaultyImage['isLayer'] = (...words) => faulty.isLayer(...words);

test('closing mid-blob: the rest is fetched with a range request', async (t) => {
  let closed = 0;
  const { service, registry, reference, directory } = await situation(t, (exchange) => {
    if (isLayer(exchange, 2) && closed < 1) { closed += 1; sendHalf(exchange, () => exchange.response.destroy()); } else exchange.answer();
  });
  await service.pull(reference);
  assert.equal(closed, 1);
  assert.equal(registry.log.filter((line) => /bytes=[1-9]\d*-$/.test(line)).length, 1);
  await assertSoundStore(directory);
});

test('closing mid-blob, without range requests: an error, and nothing is left', async (t) => {
  let closed = 0;
  const { service, reference, assertUntouched } = await situation(t, (exchange) => {
    delete exchange.request.headers.range;
    if (isLayer(exchange, 2)) { closed += 1; sendHalf(exchange, () => exchange.response.destroy()); } else exchange.answer();
  });
  await assert.rejects(service.pull(reference), failsWith('RegistryUnreachable', /closed the connection after 0\.\d of 0\.4 MB of a layer/));
  assert.equal(closed, 2, 'the first request and one for the rest');
  await assertUntouched();
});

test('closing mid-blob again and again ends after a limit', async (t) => {
  let requests = 0;
  const { service, reference, assertUntouched } = await situation(t, (exchange) => {
    if (!isLayer(exchange, 0)) { exchange.answer(); return; }
    requests += 1;
    const { request, response, content = Buffer.alloc(0) } = exchange;
    const offset = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = offset === 0 ? {} : { 'content-range': `bytes ${offset}-${content.length - 1}/${content.length}` };
    response.writeHead(offset === 0 ? 200 : 206, { 'content-length': content.length - offset, ...range });
    response.write(content.subarray(offset, offset + 100), () => response.destroy());
  });
  await assert.rejects(service.pull(reference), failsWith('RegistryUnreachable', /closed the connection/));
  assert.equal(requests, 11);
  await assertUntouched();
});

test('silent for once in the middle of a blob: the rest is fetched with a range request', async (t) => {
  let stalls = 1;
  const { service, registry, reference, directory } = await situation(t, (exchange) => {
    if (isLayer(exchange, 1) && stalls-- > 0) sendHalf(exchange, () => undefined);
    else exchange.answer();
  }, impatient);
  await service.pull(reference);
  assert.equal(registry.log.filter((line) => /bytes=[1-9]\d*-$/.test(line)).length, 1);
  await assertSoundStore(directory);
});

test('closing mid-blob, and troubles of its own when asked for the rest: not given up at once', async (t) => {
  const answers: ((exchange: Exchange) => void)[] = [
    (exchange) => sendHalf(exchange, () => exchange.response.destroy()),
    ({ response }) => response.writeHead(503).end(),
    ({ response }) => response.writeHead(429).end(),
    ({ request }) => request.socket.destroy(),
  ];
  const { service, reference, directory } = await situation(t, (exchange) => {
    const next = isLayer(exchange, 1) ? answers.shift() : undefined;
    if (next) next(exchange);
    else exchange.answer();
  }, { resumePause: 1 });
  await service.pull(reference);
  assert.equal(answers.length, 0);
  await assertSoundStore(directory);
});

test('closing mid-blob, and no rest to be had: an error after a few tries', async (t) => {
  let refusals = 0;
  const { service, reference, assertUntouched } = await situation(t, (exchange) => {
    if (!isLayer(exchange, 1)) exchange.answer();
    else if (exchange.request.headers.range === undefined) sendHalf(exchange, () => exchange.response.destroy());
    else { refusals += 1; exchange.response.writeHead(503).end(); }
  }, { resumePause: 1 });
  await assert.rejects(service.pull(reference), failsWith('RegistryRefused', /has a problem of its own.*503/));
  assert.equal(refusals, 4);
  await assertUntouched();
});

