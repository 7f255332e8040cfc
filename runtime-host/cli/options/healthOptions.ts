import type { HealthCheckOptions } from '../../protocol/types.ts';
import { Exit, ExitStatus } from '../cliError.ts';
import { parseCount } from '../options.ts';
import { parseSeconds } from '../since.ts';
import { optionGroup } from './optionGroup.ts';

/** How the container is checked while it runs. */
export const healthOptions = optionGroup<{
  readonly healthCmd?: string;
  readonly healthInterval?: number;
  readonly healthTimeout?: number;
  readonly healthStartPeriod?: number;
  readonly healthStartInterval?: number;
  readonly healthRetries?: number;
  readonly healthcheck: boolean;
}>(
  'Health check',
  (command) => command
    .option('--health-cmd <command>', 'a command for the container\'s shell that tells whether it is healthy')
    .option('--health-interval <time>', 'how often it runs, such as 30s', parseSeconds)
    .option('--health-timeout <time>', 'how long it may take', parseSeconds)
    .option('--health-start-period <time>', 'for how long after the start failures do not count', parseSeconds)
    .option('--health-start-interval <time>', 'how often it runs during the start period', parseSeconds)
    .option('--health-retries <count>', 'how many failures in a row make it unhealthy', parseCount)
    .option('--no-healthcheck', 'no check, not even the image\'s'),
  (options) => {
    // A time or a count of 0 is as none: the image decides, or the default.
    const check: HealthCheckOptions = {
      ...(options.healthCmd !== undefined && { command: options.healthCmd }),
      ...(options.healthInterval && { intervalSeconds: options.healthInterval }),
      ...(options.healthTimeout && { timeoutSeconds: options.healthTimeout }),
      ...(options.healthStartPeriod && { startPeriodSeconds: options.healthStartPeriod }),
      ...(options.healthStartInterval && { startIntervalSeconds: options.healthStartInterval }),
      ...(options.healthRetries && { retries: options.healthRetries }),
    };
    const isGiven = Object.keys(check).length > 0;
    if (options.healthcheck) return isGiven ? { healthCheck: check } : {};
    if (isGiven) throw new Exit(ExitStatus.runFailed, '--no-healthcheck cannot stand beside other --health options.');
    return { healthCheck: { disabled: true } };
  },
);
