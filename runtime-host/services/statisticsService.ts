import type { ContainerProcess, ContainerStatistics } from '../protocol/statistics.ts';
import { allocatedBytes, residentBytes } from '../vm/hostUsage.ts';
import type { ContainerTable } from './containerTable.ts';
import type { StatisticsService, Watched } from './interfaces.ts';
import { Sampler } from './sampler.ts';

/** How often somebody who watches hears of a container. */
const intervalMilliseconds = 2000;

/** Joins what the guest counts with what the host sees of its VM. Nothing is counted unless somebody asks or watches. */
export class VmStatisticsService implements StatisticsService {
  readonly #table: ContainerTable;
  readonly #statistics: Samplers<ContainerStatistics>;
  readonly #processes: Samplers<ContainerProcess[]>;

  constructor(table: ContainerTable) {
    this.#table = table;
    this.#statistics = new Samplers(table, (id) => this.statistics(id), () => true);
    this.#processes = new Samplers(table, (id) => this.processes(id), (processes, before) => described(processes) !== described(before));
  }

  async statistics(query: string): Promise<ContainerStatistics> {
    const { container, run } = this.#running(query);
    const { id, name, paths, record } = container;
    const [used, memoryBytes, diskBytes] = await Promise.all([
      run.explained(run.guest.statistics()),
      residentBytes(run.machine.pid),
      allocatedBytes(paths.overlay),
    ]);
    const limitBytes = used.memory.limitBytes || record.memoryBytes;
    return { id, name, ...used, memory: { ...used.memory, limitBytes }, host: { memoryBytes, diskBytes } };
  }

  async processes(query: string): Promise<ContainerProcess[]> {
    const { run } = this.#running(query);
    return run.explained(run.guest.processes());
  }

  watchStatistics(query: string, changed: (id: string, statistics: ContainerStatistics | undefined) => void): Promise<Watched<ContainerStatistics>> {
    return this.#statistics.watch(query, changed);
  }

  watchProcesses(query: string, changed: (id: string, processes: ContainerProcess[] | undefined) => void): Promise<Watched<ContainerProcess[]>> {
    return this.#processes.watch(query, changed);
  }

  /** One whose VM is paused has nothing to say, and says why. */
  #running(query: string): ReturnType<ContainerTable['running']> {
    const found = this.#table.running(query);
    if (found.run.paused) throw found.run.paused;
    return found;
  }
}

/** One sampler for each container that somebody watches. */
class Samplers<Sample> {
  readonly #table: ContainerTable;
  readonly #take: (id: string) => Promise<Sample>;
  readonly #isNews: (sample: Sample, before: Sample) => boolean;
  readonly #samplers = new Map<string, Sampler<Sample>>();

  constructor(table: ContainerTable, take: (id: string) => Promise<Sample>, isNews: (sample: Sample, before: Sample) => boolean) {
    this.#table = table;
    this.#take = take;
    this.#isNews = isNews;
    table.onDispose(() => { for (const sampler of this.#samplers.values()) sampler.end(); });
  }

  async watch(query: string, changed: (id: string, sample: Sample | undefined) => void): Promise<Watched<Sample>> {
    const { container } = this.#table.running(query);
    const { id } = container;
    const sampler = this.#samplers.get(id) ?? this.#begin(id);
    const notify = (sample: Sample | undefined): void => changed(id, sample);
    const latest = await sampler.add(notify);
    return {
      id, latest,
      stop: () => {
        sampler.remove(notify);
        if (!sampler.idle) return;
        sampler.end();
        if (this.#samplers.get(id) === sampler) this.#samplers.delete(id);
      },
    };
  }

  #begin(id: string): Sampler<Sample> {
    const { run } = this.#table.running(id);
    const sampler = new Sampler({ take: () => this.#take(id), isNews: this.#isNews, mayGoOn: () => !run.over && run.paused !== undefined, intervalMilliseconds });
    this.#samplers.set(id, sampler);
    void run.exited.then(() => sampler.end());
    void sampler.ended.then(() => { if (this.#samplers.get(id) === sampler) this.#samplers.delete(id); });
    return sampler;
  }
}

/** What people see of processes, processor time in seconds. */
function described(processes: readonly ContainerProcess[]): string {
  return JSON.stringify(processes.map(({ pid, startedAt, uid, state, command, name, cpuMilliseconds }) => [pid, startedAt, uid, state === 'Z', name, command, Math.floor(cpuMilliseconds / 1000)]));
}
