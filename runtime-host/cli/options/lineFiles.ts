import { readFileSync } from 'node:fs';
import { linesIn, parseEnvLine } from '../../protocol/values/lineValues.ts';
import { Exit, ExitStatus } from '../cliError.ts';
import { parseLabel } from '../options.ts';

/* --env-file, --label-file and --allow-file. */

/**
 * `NAME=value`, or `NAME` for a variable of ours; one that is not set is left out.
 * @throws Exit naming the line that is wrong
 */
export function readEnvFile(path: string, environment: NodeJS.ProcessEnv = process.env): string[] {
  return linesOf(path).flatMap(({ text, place }) => {
    try {
      return parseEnvLine(text, environment) ?? [];
    } catch (error) {
      throw new Exit(ExitStatus.runFailed, `${place}: ${(error as Error).message}`);
    }
  });
}

/** @throws Exit naming the line that is wrong */
export function readLabelFile(path: string): (readonly [string, string])[] {
  return linesOf(path).map(({ text, place }) => {
    if (/^(=|[^=]*\s[^=]*(=|$))/.test(text)) throw new Exit(ExitStatus.runFailed, `${place}: this is no label. Write KEY=value.`);
    return parseLabel(text);
  });
}

/**
 * The lines that say something, and where each is.
 * @throws Exit when the file cannot be read
 */
export function linesOf(path: string): { readonly text: string; readonly place: string }[] {
  let content: string;
  try {
    content = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)); // Drops a byte order mark.
  } catch (error) {
    const reason = error instanceof TypeError ? 'it is not UTF-8 text' : (error as Error).message;
    throw new Exit(ExitStatus.runFailed, `The file ${path} cannot be read: ${reason}.`);
  }
  return linesIn(content).map(({ text, line }) => ({ text, place: `${path}:${line}` }));
}
