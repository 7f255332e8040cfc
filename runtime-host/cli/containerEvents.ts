import type { HostConnection } from '../client/connect.ts';
import type { ContainerInfo } from '../protocol/types.ts';

/** What happens to one container, from the moment in which this is made. */
export class ContainerEvents {
  /** Its process runs, or has run. */
  readonly started: Promise<void>;
  /** For whoever sees output before the host tells that the process runs. */
  readonly noticeRunning: () => void;
  readonly #unsubscribe: () => void;

  constructor(client: HostConnection, id: string) {
    const started = Promise.withResolvers<void>();
    this.started = started.promise;
    this.noticeRunning = () => started.resolve();
    this.#unsubscribe = client.onContainerDidChange((change) => {
      if (change.id === id && change.info && hasRun(change.info)) started.resolve();
    });
  }

  dispose(): void {
    this.#unsubscribe();
  }
}

function hasRun({ state, startedAt }: ContainerInfo): boolean {
  return state === 'running' || state === 'stopping' || (state === 'stopped' && startedAt !== undefined);
}
