import type { Readable } from 'node:stream';
import type { Logger } from '../../base/log.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { Health, HealthCheck, HealthProbe } from '../../protocol/types.ts';
import type { Container } from '../container.ts';
import type { ContainerRun } from '../run/containerRun.ts';
import { execProcess, type FurtherProcess } from '../run/execProcess.ts';
import { HealthState } from './healthState.ts';
import { sigkill } from '../specification/signals.ts';

/** Characters of a probe's output that are kept. */
const keptOutput = 4096;
/** What docker notes for a probe that took too long, or could not be started. */
const noExitCode = -1;

type ProbeResult = Pick<HealthProbe, 'exitCode' | 'output'>;

export interface HealthMonitorOptions {
  readonly container: Container;
  readonly run: ContainerRun;
  readonly check: HealthCheck;
  readonly log: Logger;
  /** Called when the status is not what it was. */
  readonly changed: () => void;
}

/**
 * Runs a container's health check from time to time while it runs; one probe at a time. While its VM is paused nothing is
 * checked, and what a probe came to that met a pause does not count: as with docker, a pause says nothing about health.
 */
export class HealthMonitor {
  readonly #options: HealthMonitorOptions;
  readonly #state: HealthState;
  /** On the steady clock: that of the day may be set meanwhile. */
  readonly #startedAt: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** There is a probe's process that has not ended, or one that was asked for and has not started. */
  #unfinished = false;

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
    const { run } = this.#options;
    const runSeconds = this.#runSeconds();
    const startedAt = new Date().toISOString();
    const result = run.paused ? undefined : await this.#runCheck();
    if (this.#stopped) return;
    if (result && !run.paused) {
      const before = this.#state.health.status;
      this.#state.note({ startedAt, finishedAt: new Date().toISOString(), ...result }, runSeconds);
      if (this.#state.health.status !== before) this.#options.changed();
    }
    this.#schedule(this.#state.waitSeconds(this.#runSeconds()));
  }

  /** Answers in time whatever becomes of the process: one that waits for a device, for instance, cannot even be killed. */
  async #runCheck(): Promise<ProbeResult> {
    const { timeoutSeconds } = this.#options.check;
    // They must not pile up.
    if (this.#unfinished) return { exitCode: noExitCode, output: 'The health check before took too long, and has not ended yet.' };
    const { promise: late, resolve } = Promise.withResolvers<ProbeResult>();
    const limit = new AbortController();
    const timer = setTimeout(() => {
      limit.abort();
      resolve({ exitCode: noExitCode, output: `The health check took longer than ${timeoutSeconds} s.` });
    }, timeoutSeconds * 1000);
    try {
      return await Promise.race([late, this.#runProcess(limit.signal)]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Settles with the process, which is killed when the signal fires. */
  async #runProcess(limit: AbortSignal): Promise<ProbeResult> {
    const { container, run, check } = this.#options;
    try {
      const starting = execProcess({ container, run }, { command: check.command });
      this.#noteUnfinished(starting);
      const process = await starting;
      const kill = (): void => end(process);
      if (limit.aborted) kill();
      limit.addEventListener('abort', kill);
      const [stdout, stderr, { exitCode }] = await Promise.all([beginningOf(process.stdout), beginningOf(process.stderr), process.exit]);
      return { exitCode, output: `${stdout}${stderr}`.slice(0, keptOutput) };
    } catch (error) {
      return { exitCode: noExitCode, output: BerthError.from(error).message };
    }
  }

  #noteUnfinished(starting: Promise<FurtherProcess>): void {
    this.#unfinished = true;
    const finished = (): void => { this.#unfinished = false; };
    starting.then(({ exit }) => exit).then(finished, finished);
  }
}

/** When it cannot be killed the machine is in trouble, and the run's own watch tells of that. */
function end(process: FurtherProcess): void {
  process.signal(sigkill).catch(() => undefined);
  process.close();
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
