import type { RestartPolicy } from '../../protocol/types.ts';

/** How the last run of a container ended, and what came before. */
export interface RunHistory {
  /** Undefined when its virtual machine failed. */
  readonly exitCode: number | undefined;
  readonly ranMilliseconds: number;
  /** Somebody stopped or killed it. */
  readonly stoppedByUser: boolean;
  /** How often it was restarted since somebody started it. */
  readonly restartCount: number;
  /** What the last restart waited; undefined for the first. */
  readonly lastDelay: number | undefined;
}

const firstDelay = 100;
const longestDelay = 60_000;
/** One that has run for so long is not in a loop of failures. */
const steadyMilliseconds = 10_000;

/**
 * In how many milliseconds a container starts again; undefined when it stays as it is. As docker does it, except that
 * what a user has stopped stays stopped under `always` as well: our host comes and goes by itself, and a container that
 * somebody stopped must not come back because somebody else lists the others.
 */
export function restartDelay(policy: RestartPolicy | undefined, run: RunHistory): number | undefined {
  if (!policy || policy.name === 'no' || run.stoppedByUser) return undefined;
  if (policy.name === 'on-failure') {
    if (run.exitCode === 0) return undefined;
    if (policy.maximumRetries !== undefined && run.restartCount >= policy.maximumRetries) return undefined;
  }
  if (run.lastDelay === undefined || run.ranMilliseconds >= steadyMilliseconds) return firstDelay;
  return Math.min(run.lastDelay * 2, longestDelay);
}
