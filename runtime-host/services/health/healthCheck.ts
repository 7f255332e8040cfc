import type { ImageHealthCheck } from '../../oci/types.ts';
import { longestSeconds, type HealthCheck, type HealthCheckOptions } from '../../protocol/types.ts';

const shell = '/bin/sh';
const defaults = { intervalSeconds: 30, timeoutSeconds: 30, startPeriodSeconds: 0, startIntervalSeconds: 5, retries: 3 };
const nanosecondsPerSecond = 1e9;
/** What a request may ask for, too (rpc/schemas.ts). */
const shortestSeconds = 0.001;

/** What a container is checked with: its image's check, changed by what its creator says; undefined for none. */
export function resolveHealthCheck(options: HealthCheckOptions | undefined, image: ImageHealthCheck | undefined): HealthCheck | undefined {
  if (options?.disabled) return undefined;
  const { disabled: _disabled, command: given, ...times } = options ?? {};
  const command = given === undefined ? commandOf(image?.Test ?? []) : [shell, '-c', given];
  if (!command) return undefined;
  return { ...defaults, ...timesOf(image), ...withoutUndefined(times), command };
}

/** `CMD` and a command line, `CMD-SHELL` and a text for the shell; `NONE`, an empty list and anything else is no check. */
function commandOf([kind, ...words]: readonly string[]): readonly string[] | undefined {
  if (kind === 'CMD' && words.length > 0) return words;
  return kind === 'CMD-SHELL' && words[0] !== undefined ? [shell, '-c', words[0]] : undefined;
}

function timesOf(image: ImageHealthCheck | undefined): Partial<typeof defaults> {
  const seconds = (value: number | undefined): number | undefined => (value ? Math.min(Math.max(value / nanosecondsPerSecond, shortestSeconds), longestSeconds) : undefined);
  return withoutUndefined({
    intervalSeconds: seconds(image?.Interval),
    timeoutSeconds: seconds(image?.Timeout),
    startPeriodSeconds: seconds(image?.StartPeriod),
    startIntervalSeconds: seconds(image?.StartInterval),
    retries: image?.Retries || undefined,
  });
}

function withoutUndefined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
