import * as methods from '../protocol/methods.ts';
import type { ContainerProcess, ContainerStatistics } from '../protocol/statistics.ts';
import type { Requester, RequestOptions } from './requester.ts';

/** statistics/… and processes/…: what running containers use and do, for as long as somebody looks. */
export class StatisticsRequests {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** What a container uses; `onStatisticsDidChange` hears of it every two seconds from now on. */
  watch(container: string, options?: RequestOptions): Promise<ContainerStatistics> {
    return this.#requester.sendWith(methods.StatisticsWatchRequest, { container }, options);
  }

  async unwatch(container: string): Promise<void> {
    await this.#requester.sendWith(methods.StatisticsUnwatchRequest, { container });
  }

  /** All processes in a container; changes come to `onProcessesDidChange` from now on. */
  watchProcesses(container: string, options?: RequestOptions): Promise<ContainerProcess[]> {
    return this.#requester.sendWith(methods.ProcessesWatchRequest, { container }, options);
  }

  async unwatchProcesses(container: string): Promise<void> {
    await this.#requester.sendWith(methods.ProcessesUnwatchRequest, { container });
  }
}
