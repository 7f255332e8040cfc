import type { Health, HealthCheck, HealthProbe } from '../../protocol/types.ts';

/** Results that are kept; as many as docker keeps. */
const keptProbes = 5;

/** What the results of a health check add up to, as docker counts them. */
export class HealthState {
  readonly #check: HealthCheck;
  #health: Health = { status: 'starting', failingStreak: 0, log: [] };

  constructor(check: HealthCheck) {
    this.#check = check;
  }

  get health(): Health {
    return this.#health;
  }

  /** How long to wait for the next probe. @param runSeconds how long the container has run */
  waitSeconds(runSeconds: number): number {
    return this.#isStarting(runSeconds) ? this.#check.startIntervalSeconds : this.#check.intervalSeconds;
  }

  /** @param runSeconds how long the container had run when the probe began */
  note(probe: HealthProbe, runSeconds: number): void {
    const log = [...this.#health.log, probe].slice(-keptProbes);
    if (probe.exitCode === 0) {
      this.#health = { status: 'healthy', failingStreak: 0, log };
      return;
    }
    const failingStreak = this.#isStarting(runSeconds) ? this.#health.failingStreak : this.#health.failingStreak + 1;
    this.#health = { status: failingStreak >= this.#check.retries ? 'unhealthy' : this.#health.status, failingStreak, log };
  }

  #isStarting(runSeconds: number): boolean {
    return this.#health.status === 'starting' && runSeconds < this.#check.startPeriodSeconds;
  }
}
