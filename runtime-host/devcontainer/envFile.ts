import { readFileSync, realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { linesIn, parseEnvLine } from '../protocol/values/lineValues.ts';

/**
 * The variables of a file that `--env-file` names. It has to lie in the folder: a configuration comes with that, and must
 * not have other files of the user's read.
 * @throws Error whose message says what to do
 */
export function readFolderEnvFile(path: string, folder: string, environment: NodeJS.ProcessEnv): string[] {
  const file = realFile(resolve(folder, path));
  if (!file.startsWith(`${realpathSync(folder)}${sep}`)) throw new Error('The file lies outside of the folder. Copy it into the folder, or set the variables in “containerEnv”.');
  return linesIn(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')).flatMap(({ text, line }) => {
    try {
      return parseEnvLine(text, environment) ?? [];
    } catch (error) {
      throw new Error(`In its line ${line}, ${(error as Error).message}`, { cause: error });
    }
  });
}

function realFile(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw new Error(`There is no file ${path}.`, { cause: error });
  }
}
