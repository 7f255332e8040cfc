import { InvalidArgumentError } from 'commander';
import { restartPolicyNames, type RestartPolicy } from '../../protocol/types.ts';

/** `no`, `always`, `unless-stopped`, `on-failure`, or `on-failure:N`, as docker writes them. */
export function parseRestart(text: string): RestartPolicy {
  const [word = '', limit, ...rest] = text.split(':');
  const name = restartPolicyNames.find((policy) => policy === word);
  if (name === undefined || rest.length > 0) throw new InvalidArgumentError('Write no, on-failure, on-failure:N, always or unless-stopped.');
  if (limit === undefined || limit === '') return { name };
  if (name !== 'on-failure' || !/^[1-9]\d{0,8}$/.test(limit)) throw new InvalidArgumentError('Only on-failure has a limit, which is a number of retries.');
  return { name, maximumRetries: Number(limit) };
}
