import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Sampler } from './sampler.ts';

describe('a sampler', () => {
  /** Gives one sample for each `give`; `take` waits for it. */
  function source(mayGoOn = true): { sampler: Sampler<number>; give: (sample: number | Error) => void; taken: () => number } {
    const waiting: PromiseWithResolvers<number>[] = [];
    const given: (number | Error)[] = [];
    let taken = 0;
    const settle = (): void => {
      while (waiting.length > 0 && given.length > 0) {
        const sample = given.shift();
        if (typeof sample === 'number') waiting.shift()?.resolve(sample);
        else waiting.shift()?.reject(sample);
      }
    };
    const sampler = new Sampler<number>({
      take: () => {
        taken += 1;
        const next = Promise.withResolvers<number>();
        waiting.push(next);
        settle();
        return next.promise;
      },
      isNews: (sample, before) => sample !== before, mayGoOn: () => mayGoOn, intervalMilliseconds: 0,
    });
    return { sampler, taken: () => taken, give: (sample) => { given.push(sample); settle(); } };
  }

  /** The next value that a listener is told. */
  function listener(): { changed: (sample: number | undefined) => void; next: () => Promise<number | undefined> } {
    const told: (number | undefined)[] = [];
    let wake: () => void = () => undefined;
    return {
      changed: (sample) => { told.push(sample); wake(); },
      next: async () => {
        while (told.length === 0) await new Promise<void>((resolve) => { wake = resolve; });
        return told.shift();
      },
    };
  }

  it('tells all who listen the same, and only what is new', async () => {
    const { sampler, give } = source();
    const [one, other] = [listener(), listener()];
    const first = sampler.add(one.changed);
    give(1);
    assert.equal(await first, 1);
    assert.equal(await sampler.add(other.changed), 1);
    give(1);
    give(2);
    assert.equal(await one.next(), 2);
    assert.equal(await other.next(), 2);
    sampler.end();
    give(3);
    await sampler.ended;
    assert.equal(await one.next(), undefined);
    assert.equal(await other.next(), undefined);
  });

  it('fails whoever asks when there is no sample at all, and ends', async () => {
    const { sampler, give } = source();
    const first = sampler.add(() => undefined);
    give(new Error('too old'));
    await assert.rejects(first, /too old/);
    await sampler.ended;
  });

  it('goes on after a sample that could not be taken, as long as that makes sense', async () => {
    for (const mayGoOn of [true, false]) {
      const { sampler, give } = source(mayGoOn);
      const hears = listener();
      const first = sampler.add(hears.changed);
      give(1);
      await first;
      give(new Error('paused'));
      give(2);
      assert.equal(await hears.next(), mayGoOn ? 2 : undefined);
      sampler.end();
      give(3);
      await sampler.ended;
    }
  });

  it('takes none when it has ended', async () => {
    const { sampler, give, taken } = source();
    const first = sampler.add(() => undefined);
    give(1);
    await first;
    sampler.end();
    give(2);
    await sampler.ended;
    const before = taken();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(taken(), before);
  });
});
