import { InvalidArgumentError } from 'commander';
import { minimumLogBytes, type LogOptions } from '../../protocol/types.ts';
import { parseBytes } from '../options.ts';
import { optionGroup } from './optionGroup.ts';

/** The container's log. */
export const logOptions = optionGroup<{ readonly logOpt?: LogOptions }>(
  'Log',
  (command) => command.option('--log-opt <name=value>', 'how much output is kept: max-size=10m, max-file=5', (text: string, before?: LogOptions) => ({ ...before, ...parseLogOption(text) })),
  ({ logOpt }) => (logOpt ? { log: logOpt } : {}),
);

/** The names are docker's. */
export function parseLogOption(text: string): LogOptions {
  const [, name, value = ''] = /^([a-z-]+)=(.*)$/.exec(text) ?? [];
  if (name === 'max-size') {
    const maxSize = parseBytes(value);
    if (maxSize >= minimumLogBytes) return { maxSize };
    throw new InvalidArgumentError(`A file of a log holds at least ${minimumLogBytes / 1024}k.`);
  }
  if (name === 'max-file') {
    if (/^[1-9]\d{0,2}$/.test(value)) return { maxFiles: Number(value) };
    throw new InvalidArgumentError('A log has a whole number of files, at least 1.');
  }
  throw new InvalidArgumentError('A log has the options max-size=SIZE and max-file=COUNT.');
}
