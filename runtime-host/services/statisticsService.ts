import type { ContainerProcess, ContainerStatistics } from '../protocol/statistics.ts';
import { allocatedBytes, residentBytes } from '../vm/hostUsage.ts';
import type { ContainerTable } from './containerTable.ts';
import type { StatisticsService } from './interfaces.ts';

/** Joins what the guest counts with what the host sees of its VM. */
export class VmStatisticsService implements StatisticsService {
  readonly #table: ContainerTable;

  constructor(table: ContainerTable) {
    this.#table = table;
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

  /** One whose VM is paused has nothing to say, and says why. */
  #running(query: string): ReturnType<ContainerTable['running']> {
    const found = this.#table.running(query);
    if (found.run.paused) throw found.run.paused;
    return found;
  }
}
