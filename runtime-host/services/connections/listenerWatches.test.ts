import assert from 'node:assert/strict';
import { EventEmitter, on } from 'node:events';
import { test } from 'node:test';
import { silentLogger } from '../../base/log.ts';
import type { Listener } from '../../protocol/networks.ts';
import type { GuestConnections } from './guestConnections.ts';
import { ListenerWatches } from './listenerWatches.ts';

const web: Listener = { protocol: 'tcp', address: '127.0.0.1', port: 8080, processName: 'node' };

class FakeGuest implements GuestConnections {
  readonly events = new EventEmitter();
  watches = 0;
  dial = (): never => assert.fail('nobody dials');
  listen = (): never => assert.fail('nobody listens');

  async *listeners(signal: AbortSignal): AsyncGenerator<readonly Listener[]> {
    this.watches += 1;
    try {
      const events = on(this.events, 'change', { signal, close: ['end'] });
      yield [];
      for await (const [listeners] of events) yield listeners as Listener[];
    } finally {
      this.watches -= 1;
      this.events.emit('unwatched');
    }
  }
}

test('one stream for all who watch; it ends with the last of them', async () => {
  const watches = new ListenerWatches(silentLogger);
  const guest = new FakeGuest();
  const heard: unknown[] = [];
  const changed = Promise.withResolvers<void>();
  const one = (listeners: unknown): void => void heard.push(['one', listeners]);
  const two = (listeners: unknown): void => {
    heard.push(['two', listeners]);
    changed.resolve();
  };
  assert.deepEqual(await Promise.all([watches.watch('box', guest, one), watches.watch('box', guest, two)]), [[], []]);
  assert.equal(guest.watches, 1);
  guest.events.emit('change', [web]);
  await changed.promise;
  assert.deepEqual(heard.splice(0), [['one', [web]], ['two', [web]]]);
  assert.deepEqual(await watches.watch('box', guest, one), [web], 'who comes later gets what there is');
  watches.unwatch('box', one);
  assert.equal(guest.watches, 1);
  const unwatched = new Promise<void>((resolve) => guest.events.once('unwatched', resolve));
  watches.unwatch('box', two);
  await unwatched;
  assert.deepEqual(heard, []);
  assert.deepEqual(await watches.watch('box', guest, one), [], 'a new stream');
  watches.dispose();
});

test('the end of the container is told once; a guest that cannot tell is an error for who asks', async () => {
  const watches = new ListenerWatches(silentLogger);
  const guest = new FakeGuest();
  const told = Promise.withResolvers<unknown>();
  await watches.watch('box', guest, told.resolve);
  watches.ended('box');
  assert.equal(await told.promise, undefined);
  const old: GuestConnections = { dial: guest.dial, listen: guest.listen, listeners: async function* () { throw new Error('too old'); } };
  await assert.rejects(watches.watch('old', old, () => assert.fail('nothing is told')), /too old/);
});
