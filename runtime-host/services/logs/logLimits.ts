import type { Logger } from '../../base/log.ts';
import { minimumLogBytes } from '../../protocol/types.ts';
import { defaultLogLimits, type LogLimits } from '../../store/outputLog.ts';

export type { LogLimits } from '../../store/outputLog.ts';

const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** How much of containers' output this host keeps: BERTH_LOG_MAX_SIZE (such as `10m`) and BERTH_LOG_MAX_FILE. */
export function logLimitsFrom(environment: NodeJS.ProcessEnv, log: Logger): LogLimits {
  const read = (name: string, pattern: RegExp, minimum: number, otherwise: number): number => {
    const text = environment[name];
    if (!text) return otherwise;
    const [, number, unit = ''] = pattern.exec(text) ?? [];
    const value = Number(number) * (units[unit.toLowerCase()] ?? 1);
    if (Number.isSafeInteger(value) && value >= minimum) return value;
    log.warn('An environment variable is not understood and has no effect.', { name, value: text, minimum });
    return otherwise;
  };
  return {
    maxSize: read('BERTH_LOG_MAX_SIZE', /^(\d+)([kmg]?)$/i, minimumLogBytes, defaultLogLimits.maxSize),
    maxFiles: read('BERTH_LOG_MAX_FILE', /^(\d+)$/, 1, defaultLogLimits.maxFiles),
  };
}
