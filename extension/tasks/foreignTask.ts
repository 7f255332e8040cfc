import { singleQuoted } from './taskCommand.ts';

/** A word of a shell command line, as VS Code's API has it. `quoting`: 1 escapes, 2 is strong (single quotes), 3 weak. */
export type ShellWord = string | { readonly value: string; readonly quoting: number };

/** Of vscode.ShellExecution and vscode.ProcessExecution what matters for running it elsewhere. */
export interface ForeignExecution {
  readonly commandLine?: string | undefined;
  readonly command?: ShellWord | undefined;
  readonly process?: string;
  readonly args?: readonly ShellWord[] | undefined;
  readonly options?: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } | undefined;
}

/** The members of a task definition. */
export interface ForeignDefinition {
  readonly command: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * What a shell or process task of another provider's is as a task of the type `container`; undefined when it runs
 * neither (an extension's own execution).
 */
export function foreignDefinition({ commandLine, command, process, args = [], options = {} }: ForeignExecution): ForeignDefinition | undefined {
  const rest = { ...(options.cwd !== undefined && { cwd: options.cwd }), ...(options.env && { env: options.env }) };
  if (process !== undefined) return { command: process, args: args.map((word) => (typeof word === 'string' ? word : word.value)), ...rest };
  if (commandLine !== undefined) return { command: commandLine, ...rest };
  if (command === undefined) return undefined;
  const program = typeof command === 'string' ? command : shellWord(command);
  return { command: [program, ...args.map(shellWord)].join(' '), ...rest };
}

/** As VS Code writes it for a POSIX shell: a plain word with a space in it is quoted. */
function shellWord(word: ShellWord): string {
  if (typeof word === 'string') return /\s/.test(word) && !/^(['"]).*\1$/.test(word) ? singleQuoted(word) : word;
  const { value, quoting } = word;
  if (quoting === 2) return singleQuoted(value);
  return quoting === 3 ? `"${value.replace(/["\\`]/g, String.raw`\$&`)}"` : value.replace(/[\s'"\\$&|;<>()*?[\]#~`!{}]/g, String.raw`\$&`);
}
