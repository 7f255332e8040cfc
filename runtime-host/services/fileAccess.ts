import { abortable } from '../base/abortable.ts';
import { BerthError } from '../protocol/errors.ts';
import type { Container } from './container.ts';
import type { ContainerLifecycle } from './containerLifecycle.ts';
import type { ContainerRun } from './containerRun.ts';
import { notFound, type ContainerTable } from './containerTable.ts';
import type { UseGuest } from './maintenance.ts';

/**
 * Gives access to the files of containers, whether they run or not. One that does not run gets a VM for that time, and
 * whoever wants to start it, or remove it, or use its files as well, waits.
 */
export class FileAccess {
  readonly #table: ContainerTable;
  readonly #lifecycle: ContainerLifecycle;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(table: ContainerTable, lifecycle: ContainerLifecycle) {
    this.#table = table;
    this.#lifecycle = lifecycle;
  }

  /** @throws BerthError ContainerNotFound; what `use` throws; what goes wrong with a VM */
  async with<Result>(query: string, signal: AbortSignal, use: UseGuest<Result>): Promise<Result> {
    const container = this.#table.find(query);
    for (;;) {
      signal.throwIfAborted();
      if (container.state === 'running' && container.run) return useRunning(container, container.run, signal, use);
      const turn = this.#tracked(container.queue.run(() => this.#useStopped(container, query, signal, use)));
      const done = await abortable(turn, signal);
      if (done) return done.result;
    }
  }

  /** Settles when no VM is used only for its files. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  /** Undefined when the container runs by now. */
  async #useStopped<Result>(container: Container, query: string, signal: AbortSignal, use: UseGuest<Result>): Promise<{ readonly result: Result } | undefined> {
    signal.throwIfAborted();
    if (container.state === 'stopping') await container.settled;
    if (container.removed) throw notFound(query);
    if (container.run) return undefined;
    return { result: await this.#lifecycle.withFiles(container, signal, use) };
  }

  #tracked<Result>(promise: Promise<Result>): Promise<Result> {
    const tracked = promise.catch(() => undefined).finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
    return promise;
  }
}

async function useRunning<Result>(container: Container, run: ContainerRun, signal: AbortSignal, use: UseGuest<Result>): Promise<Result> {
  const ended = new AbortController();
  void run.exited.then(() => ended.abort(new BerthError('ContainerNotRunning', `Container “${container.name}” ended meanwhile.`)));
  return run.explained(use(run.guest, AbortSignal.any([signal, ended.signal])));
}
