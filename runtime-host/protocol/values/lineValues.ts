import { InvalidValue } from './invalidValue.ts';

/* Files with one entry a line. Empty lines and lines that begin with # say nothing. That is docker's format. */

export interface FileLine {
  readonly text: string;
  /** The first is 1. */
  readonly line: number;
}

/** The lines that say something. */
export function linesIn(content: string): FileLine[] {
  return content.split(/\r?\n/)
    .map((line, index) => ({ text: line.trimStart(), line: index + 1 }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'));
}

/**
 * `NAME=value`, where the value is taken as it stands, quotes and spaces included, or `NAME` for a variable of ours;
 * undefined for one that is not set.
 */
export function parseEnvLine(text: string, environment: NodeJS.ProcessEnv): string | undefined {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  if (name === '' || /\s/.test(name)) throw new InvalidValue(`“${name}” is no name of a variable. Write NAME=value.`);
  if (equals >= 0) return text;
  const value = environment[name];
  return value === undefined ? undefined : `${name}=${value}`;
}
