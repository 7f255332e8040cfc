import { createInterface } from 'node:readline';
import { Exit, ExitStatus } from './cliError.ts';

/**
 * Asks on standard error whether to go on, unless `force`. Anything but y or yes, and the end of the input, is a no.
 * @throws Exit after a no, without a word: nothing was done
 */
export async function confirm(warning: string, force: boolean): Promise<void> {
  if (force) return;
  process.stderr.write(`${warning}\nGo on? [y/N] `);
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) {
      if (/^y(es)?$/i.test(line.trim())) return;
      break;
    }
  } finally {
    lines.close();
  }
  if (!process.stdin.isTTY) process.stderr.write('\n');
  throw new Exit(ExitStatus.failure, 'Nothing was removed. Use -f to go on without the question.');
}
