import type { QmpClient} from './qmp.ts';
import { type QmpEvent } from './qmp.ts';

/** Why QEMU has stopped a VM: its disk's file cannot be written. */
export interface VmPause {
  readonly isDiskFull: boolean;
  /** The operating system's words. */
  readonly reason: string;
}

const noSpace = /space|quota/i;

/**
 * The QMP connection that is kept while a VM runs. QEMU tells there that it has paused the VM, which it does rather than
 * lose what the guest writes:
 *
 *   BLOCK_IO_ERROR {action: "stop", nospace, reason}, STOP       `cont` ──►  RESUME, and once more if it still fails
 *
 * and why the VM ends (SHUTDOWN). The connection is made in the background: nothing waits for it but what needs it.
 */
export class QmpMonitor {
  readonly #connected: Promise<QmpClient>;
  #qmp: QmpClient | undefined;
  #pause: VmPause | undefined;
  #lastError: VmPause = { isDiskFull: false, reason: 'unknown' };
  #shutdown: string | undefined;
  #onPauseChanged: (() => void) | undefined;
  #closed = false;
  /** The next STOP is our own. */
  #isNudging = false;

  constructor(connecting: Promise<QmpClient>) {
    this.#connected = connecting.then((qmp) => this.#watch(qmp));
    this.#connected.catch(() => undefined); // Who needs the connection learns it then.
  }

  get pause(): VmPause | undefined {
    return this.#pause;
  }

  /** Why QEMU ended, in its words (`guest-reset`, `host-signal`, …); undefined when it did not tell. */
  get shutdownReason(): string | undefined {
    return this.#shutdown;
  }

  /** One listener, called after each change of {@link pause}. */
  set onPauseChanged(listener: () => void) {
    this.#onPauseChanged = listener;
  }

  /** @throws BerthError VmFailed when QEMU cannot be reached or refuses */
  async execute(command: string): Promise<void> {
    const qmp = await this.#connected;
    await qmp.execute(command);
  }

  /**
   * Stops the VM and lets it go on at once, so that QEMU completes what its network interfaces have queued. When a `stream`
   * connection is lost while its socket is full, QEMU 7.2 does not look at that queue again, and the guest waits for ever.
   * A VM that is paused is left alone.
   * @throws BerthError VmFailed
   */
  async nudge(): Promise<void> {
    await this.execute('query-status'); // Once it answers, it has also taken the connections that were made before.
    if (this.#pause) return;
    this.#isNudging = true;
    try {
      await this.execute('stop'); // Its event comes before its answer.
    } finally {
      this.#isNudging = false;
      await this.execute('cont');
    }
  }

  /** Settles when everything has been heard that QEMU will say. Never rejects. */
  async drained(): Promise<void> {
    await this.#connected.catch(() => undefined);
    await this.#qmp?.closed;
  }

  /** Lets go of the connection; QEMU goes on. */
  close(): void {
    this.#closed = true;
    this.#qmp?.close();
  }

  async #watch(qmp: QmpClient): Promise<QmpClient> {
    this.#qmp = qmp;
    if (this.#closed) qmp.close();
    qmp.onEvent((event) => this.#onEvent(event));
    // It may have been paused before we came.
    const { status } = (await qmp.execute('query-status')) as { status?: string };
    if (status === 'io-error' && !this.#pause) {
      this.#lastError = await queryError(qmp);
      this.#setPause(this.#lastError);
    }
    return qmp;
  }

  #onEvent({ name, data }: QmpEvent): void {
    const { action, nospace, reason } = (data ?? {}) as { action?: string; nospace?: boolean; reason?: string };
    if (name === 'BLOCK_IO_ERROR' && action === 'stop') {
      const words = reason ?? 'unknown';
      this.#lastError = { isDiskFull: nospace === true || noSpace.test(words), reason: words };
    } else if (name === 'STOP') {
      if (this.#isNudging) return;
      this.#setPause(this.#lastError);
    } else if (name === 'RESUME') {
      this.#setPause(undefined);
    } else if (name === 'SHUTDOWN') {
      this.#shutdown = reason;
    }
  }

  #setPause(pause: VmPause | undefined): void {
    this.#pause = pause;
    this.#onPauseChanged?.();
  }
}

/** What QEMU remembers of an error that it told to somebody else. */
async function queryError(qmp: QmpClient): Promise<VmPause> {
  const devices = (await qmp.execute('query-block')) as readonly { readonly 'io-status'?: string }[];
  const isDiskFull = devices.some((device) => device['io-status'] === 'nospace');
  return { isDiskFull, reason: isDiskFull ? 'No space left on device' : 'unknown' };
}
