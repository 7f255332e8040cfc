import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { LifecycleCommand } from '../../runtime-host/devcontainer/lifecycle.ts';
import { PrefixedLines } from './prefixedLines.ts';
import { programsOf, type Program, type Stage } from './stages.ts';

/** The right to run a stage, which nobody else has meanwhile. */
export interface Claim {
  /** The stage has succeeded, for good. */
  succeeded(): Promise<void>;
  /** It has not: whoever wants to may run it again. */
  giveUp(): void;
}

/** Where commands run: this machine, or a container. */
export interface CommandWorld {
  /**
   * @param output gets what the program prints
   * @returns its exit code
   * @throws what `signal` was aborted with, once the program has been told to end
   */
  run(program: Program, output: (text: string) => void, signal: AbortSignal): Promise<number>;
}

export interface StageWorld extends CommandWorld {
  /** Waits until nobody else runs it. @returns undefined when it has been run */
  claim(stage: Stage, signal: AbortSignal): Promise<Claim | undefined>;
}

/** Where people see what happens. */
export interface CommandLog {
  step(title: string): void;
  write(text: string): void;
}

/** How commands are told apart in messages. */
export interface CommandOrigin {
  /** The property of devcontainer.json. */
  readonly property: string;
  /** Absolute path, and how it is called in a sentence. */
  readonly file?: string;
  readonly fileName: string;
}

/**
 * Runs a stage, unless that has been done.
 * @throws BerthError LifecycleCommandFailed; what `signal` was aborted with
 */
export async function runStage(stage: Stage, origin: CommandOrigin, world: StageWorld, log: CommandLog, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!stage.once) return runCommands(stage.commands, origin, world, log, signal);
  const claim = await world.claim(stage, signal);
  if (!claim) return;
  try {
    await runCommands(stage.commands, origin, world, log, signal);
  } catch (error) {
    claim.giveUp();
    throw error;
  }
  await claim.succeeded();
}

/** One after the other, until one fails. */
export async function runCommands(commands: readonly LifecycleCommand[], origin: CommandOrigin, world: CommandWorld, log: CommandLog, signal: AbortSignal): Promise<void> {
  for (const command of commands) {
    signal.throwIfAborted();
    await runTogether(programsOf(command), origin, world, log, signal);
  }
}

/** All at the same time; each goes on until it ends by itself, and all must succeed. */
async function runTogether(programs: readonly Program[], origin: CommandOrigin, world: CommandWorld, log: CommandLog, signal: AbortSignal): Promise<void> {
  for (const { name, shown } of programs) log.step(`${origin.property}${name === undefined ? '' : ` (${name})`}: ${shown}`);
  const results = await Promise.allSettled(programs.map(async (program) => {
    const lines = program.name === undefined || programs.length === 1 ? undefined : new PrefixedLines(program.name, (text) => log.write(text));
    const exitCode = await world.run(program, (text) => (lines ? lines.add(text) : log.write(text)), signal);
    lines?.end();
    if (exitCode !== 0) throw failed(program, origin, exitCode);
  }));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

function failed({ name, shown }: Program, { property, file, fileName }: CommandOrigin, exitCode: number): BerthError {
  const which = `“${property}”${name === undefined ? '' : ` (${name})`} in ${fileName}`;
  const message = `${which} ended with exit code ${exitCode}: ${shortened(shown)}. The log has what it printed. Mend the command and try again.`;
  return new BerthError('LifecycleCommandFailed', message, { data: { stage: property, exitCode, ...(file !== undefined && { file }) } });
}

/** A sentence in a notification has room for so much of a command. */
function shortened(command: string): string {
  const line = command.trim().replace(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
