import { writeSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { BerthError } from '../protocol/errors.ts';
import { version } from '../protocol/version.ts';
import { complain, complainOf } from './cliContext.ts';
import { Exit, ExitStatus, statusForError } from './cliError.ts';
import { addAttach } from './commands/attach.ts';
import { addCopy } from './commands/copy.ts';
import { addCreate } from './commands/create.ts';
import { addDevContainer } from './commands/devcontainer.ts';
import { addExec } from './commands/exec.ts';
import { addExport } from './commands/export.ts';
import { addGrant } from './commands/grant.ts';
import { addImage } from './commands/image.ts';
import { addInspect } from './commands/inspect.ts';
import { addKill } from './commands/kill.ts';
import { addList } from './commands/list.ts';
import { addLogs } from './commands/logs.ts';
import { addNetwork } from './commands/network.ts';
import { addPort } from './commands/port.ts';
import { addRemove } from './commands/remove.ts';
import { addPrune } from './commands/prune.ts';
import { addRename } from './commands/rename.ts';
import { addRestart } from './commands/restart.ts';
import { addRun } from './commands/run.ts';
import { addShare } from './commands/share.ts';
import { addStart } from './commands/start.ts';
import { addStats } from './commands/stats.ts';
import { addStop } from './commands/stop.ts';
import { addSystem } from './commands/system.ts';
import { addTop } from './commands/top.ts';
import { addUnshare } from './commands/unshare.ts';
import { addVolume } from './commands/volume.ts';
import { addWait } from './commands/wait.ts';

/** In the order of the help. */
const commands: Readonly<Record<string, (parent: Command) => void>> = {
  run: addRun, create: addCreate, exec: addExec, ls: addList, start: addStart, stop: addStop, restart: addRestart, kill: addKill, rename: addRename,
  rm: addRemove, prune: addPrune, logs: addLogs, cp: addCopy, export: addExport, attach: addAttach, inspect: addInspect, stats: addStats, top: addTop, port: addPort,
  wait: addWait, share: addShare, unshare: addUnshare, grant: addGrant, image: addImage, volume: addVolume, network: addNetwork, devcontainer: addDevContainer,
  system: addSystem,
};

/**
 * The command line. Commands only declare themselves here; what they need is loaded when one runs. Where the first word
 * names a command, the others are left out: they are most of the time that this takes.
 */
export function createProgram(firstWord = ''): Command {
  const program = new Command('container')
    .description('Run Linux containers, each in a lightweight virtual machine of its own.')
    .version(version)
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for more)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'Error: ')) });
  for (const add of Object.hasOwn(commands, firstWord) ? [commands[firstWord]!] : Object.values(commands)) add(program);
  for (const command of everyCommand(program)) command.exitOverride().copyInheritedSettings(program);
  return program;
}

/** Runs a command line and sets the process's exit status. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const otherwise = argv[0] === 'run' ? ExitStatus.runFailed : ExitStatus.failure;
  for (const output of [process.stdout, process.stderr]) output.on('error', (error: NodeJS.ErrnoException) => endForOutput(error, otherwise));
  let status: number = ExitStatus.ok;
  try {
    await createProgram(argv[0]).parseAsync(argv, { from: 'user' });
  } catch (error) {
    status = report(error, otherwise);
  }
  // Standard input may still be open, and nobody reads it any more.
  process.stdout.write('', () => process.exit(status));
}

/** A reader that has left (`container ls | head -1`) is no error to tell; a full disk is. */
function endForOutput(error: NodeJS.ErrnoException, otherwise: number): never {
  if (error.code === 'EPIPE') process.exit(ExitStatus.brokenPipe);
  if (error.syscall === 'write') {
    try {
      writeSync(process.stderr.fd, `Error: The output cannot be written: ${error.message}.\n`);
    } catch {
      // Then there is nobody to tell.
    }
  }
  process.exit(otherwise);
}

function report(error: unknown, otherwise: number): number {
  if (error instanceof Exit) {
    if (error.message) complain(error.message);
    return error.status;
  }
  // Commander has printed its own message already.
  if (error instanceof CommanderError) return statusForUsage(error);
  complainOf(BerthError.from(error));
  return statusForError(error, otherwise);
}

/** As with docker: an option that is wrong makes 125, a missing argument and anything else 1. */
function statusForUsage({ code, exitCode }: CommanderError): number {
  if (exitCode === 0) return ExitStatus.ok;
  return ['commander.unknownOption', 'commander.optionMissingArgument', 'commander.invalidArgument'].includes(code) ? ExitStatus.wrongOption : ExitStatus.failure;
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
