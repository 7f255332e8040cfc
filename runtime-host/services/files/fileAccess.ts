import { abortable } from '../../base/abortable.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { GuestClient } from '../../guest/guestClient.ts';
import type { Container } from '../container.ts';
import type { ContainerLifecycle } from '../containerLifecycle.ts';
import type { ContainerRun } from '../run/containerRun.ts';
import { notFound, type ContainerTable } from '../containerTable.ts';
import { StallWatch } from './stallWatch.ts';

/** Its signal also ends what cannot go on because the VM cannot, or must not; `moved` is to be called at each step. */
export type UseFiles<Result> = (guest: GuestClient, signal: AbortSignal, moved: () => void) => Promise<Result>;

/**
 * Gives access to the files of containers, whether they run or not. One that does not run gets a VM for that time, and
 * whoever wants to start it, or remove it, or use its files as well, waits while something moves.
 */
export class FileAccess {
  readonly #table: ContainerTable;
  readonly #lifecycle: ContainerLifecycle;
  readonly #stallMilliseconds: number;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(table: ContainerTable, lifecycle: ContainerLifecycle, stallMilliseconds: number) {
    this.#table = table;
    this.#lifecycle = lifecycle;
    this.#stallMilliseconds = stallMilliseconds;
  }

  /** @throws BerthError ContainerNotFound, TransferEnded; what `use` throws; what goes wrong with a VM */
  async with<Result>(query: string, signal: AbortSignal, use: UseFiles<Result>): Promise<Result> {
    const container = this.#table.find(query);
    for (;;) {
      signal.throwIfAborted();
      if (container.state === 'running' && container.run) return useRunning(container, container.run, signal, use);
      const turn = this.#tracked(container.queue.run((awaited) => this.#useStopped(container, query, signal, awaited, use)));
      const done = await abortable(turn, signal);
      if (done) return done.result;
    }
  }

  /** Settles when no VM is used only for its files. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  /** Undefined when the container runs by now. */
  async #useStopped<Result>(container: Container, query: string, signal: AbortSignal, awaited: AbortSignal, use: UseFiles<Result>): Promise<{ readonly result: Result } | undefined> {
    signal.throwIfAborted();
    if (container.state === 'stopping') await container.settled;
    if (container.removed) throw notFound(query);
    if (container.run) return undefined;
    const ended = new AbortController();
    container.endFileUse = (reason) => ended.abort(reason);
    try {
      return { result: await this.#lifecycle.withFiles(container, AbortSignal.any([signal, ended.signal]), (guest, ending) => this.#watched(container, awaited, ending, guest, use)) };
    } finally {
      container.endFileUse = undefined;
    }
  }

  async #watched<Result>(container: Container, awaited: AbortSignal, ending: AbortSignal, guest: GuestClient, use: UseFiles<Result>): Promise<Result> {
    const seconds = this.#stallMilliseconds / 1000;
    const watch = new StallWatch(awaited, this.#stallMilliseconds, () => {
      container.endFileUse?.(new BerthError('TransferEnded', `Files of container “${container.name}” are not copied any further: for ${seconds} seconds nothing was read or sent here, while somebody wanted to use the container. Copy them again.`, { data: { id: container.id } }));
    });
    try {
      return await use(guest, ending, watch.moved);
    } finally {
      watch.end();
    }
  }

  #tracked<Result>(promise: Promise<Result>): Promise<Result> {
    const tracked = promise.catch(() => undefined).finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
    return promise;
  }
}

async function useRunning<Result>(container: Container, run: ContainerRun, signal: AbortSignal, use: UseFiles<Result>): Promise<Result> {
  const ended = new AbortController();
  void run.exited.then(() => ended.abort(new BerthError('ContainerNotRunning', `Container “${container.name}” ended meanwhile.`)));
  return run.explained(use(run.guest, AbortSignal.any([signal, ended.signal]), () => undefined));
}
