import type { Readable } from 'node:stream';
import type { Logger } from '../base/log.ts';
import { BerthError } from '../protocol/errors.ts';
import type { Health, HealthCheck, HealthProbe } from '../protocol/types.ts';
import type { Container } from './container.ts';
import type { ContainerRun } from './containerRun.ts';
import { execProcess, type FurtherProcess } from './execProcess.ts';
import { HealthState } from './healthState.ts';
import { sigkill } from './signals.ts';

/** Characters of a probe's output that are kept. */
const keptOutput = 4096;
/** What docker notes for a probe that took too long, or could not be started. */
const noExitCode = -1;

export interface HealthMonitorOptions {
  readonly container: Container;
  readonly run: ContainerRun;
  readonly check: HealthCheck;
  readonly log: Logger;
  /** Called when the status is not what it was. */
  readonly changed: () => void;
}

/** Runs a container's health check from time to time while it runs; one probe at a time. */
export class HealthMonitor {
  readonly #options: HealthMonitorOptions;
  readonly #state: HealthState;
  /** On the steady clock: that of the day may be set meanwhile. */
  readonly #startedAt: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** Begins. A container that an earlier host started and that should have been checked by now is checked at once. */
  constructor(options: HealthMonitorOptions) {
    this.#options = options;
    this.#state = new HealthState(options.check);
    this.#startedAt = performance.now() - (Date.now() - (Date.parse(options.container.record.startedAt ?? '') || Date.now()));
    void options.run.exited.then(() => this.stop());
    this.#schedule(Math.max(0, this.#state.waitSeconds(this.#runSeconds()) - this.#runSeconds()));
  }

  get health(): Health {
    return this.#state.health;
  }

  /** Nothing is checked any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #runSeconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  #schedule(seconds: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#probe().catch((error: unknown) => {
      this.#options.log.error('A health check cannot go on', error, { container: this.#options.container.id });
    }), seconds * 1000);
  }

  async #probe(): Promise<void> {
    const runSeconds = this.#runSeconds();
    const startedAt = new Date().toISOString();
    const result = await this.#runCheck();
    if (this.#stopped) return;
    const before = this.#state.health.status;
    this.#state.note({ startedAt, finishedAt: new Date().toISOString(), ...result }, runSeconds);
    if (this.#state.health.status !== before) this.#options.changed();
    this.#schedule(this.#state.waitSeconds(this.#runSeconds()));
  }

  async #runCheck(): Promise<Pick<HealthProbe, 'exitCode' | 'output'>> {
    const { container, run, check } = this.#options;
    let streams: FurtherProcess;
    try {
      streams = await execProcess({ container, run }, { command: check.command });
    } catch (error) {
      return { exitCode: noExitCode, output: BerthError.from(error).message };
    }
    let tookTooLong = false;
    const limit = setTimeout(() => {
      tookTooLong = true;
      // When it cannot be killed the machine is in trouble, and the run's own watch tells of that.
      streams.signal(sigkill).catch(() => undefined);
      streams.close();
    }, check.timeoutSeconds * 1000);
    try {
      const [stdout, stderr, { exitCode }] = await Promise.all([beginningOf(streams.stdout), beginningOf(streams.stderr), streams.exit]);
      if (tookTooLong) return { exitCode: noExitCode, output: `The health check took longer than ${check.timeoutSeconds} s.` };
      return { exitCode, output: `${stdout}${stderr}`.slice(0, keptOutput) };
    } catch (error) {
      return { exitCode: noExitCode, output: BerthError.from(error).message };
    } finally {
      clearTimeout(limit);
    }
  }
}

/** Reads to the end, so that the process never waits, and keeps the beginning. Settles also when the stream is let go. */
function beginningOf(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      if (text.length < keptOutput) text += chunk;
    });
    stream.once('close', () => resolve(text));
    stream.once('end', () => resolve(text));
  });
}
