import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ContainerProcess } from '../../runtime-host/protocol/statistics.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { commandLine, ProcessItem } from '../views/usageItems.ts';
import { pickContainer } from './pick.ts';
import { pickOne } from './selection.ts';

interface Chosen {
  readonly container: ContainerInfo;
  readonly process: ContainerProcess;
}

const signals = [
  ['TERM', 'asks it to end'], ['INT', 'as Ctrl+C does'], ['HUP', 'its terminal is gone; many servers read their configuration anew'], ['KILL', 'ends it at once'],
  ['QUIT', 'ends it with a core dump, or what it has instead'], ['STOP', 'lets it stand still'], ['CONT', 'lets it go on'], ['USR1', 'what it takes it for'], ['USR2', 'what it takes it for'],
] as const;

/** What can be done with one process of a running container. Each takes a tree item, or nothing: then the user chooses. */
export class ProcessCommands {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  async terminate(argument: unknown): Promise<void> {
    const chosen = await this.#choose(argument, 'Terminate which process?');
    if (chosen) await this.#signal(chosen, 'TERM');
  }

  async signal(argument: unknown): Promise<void> {
    const chosen = await this.#choose(argument, 'Send a signal to which process?');
    if (!chosen) return;
    const choices = signals.map(([name, meaning]) => ({ label: `SIG${name}`, description: meaning, thing: name }));
    const signal = await pickOne(choices, `Send which signal to process ${chosen.process.pid}, ${commandLine(chosen.process)}?`, '');
    if (signal !== undefined) await this.#signal(chosen, signal);
  }

  async copyPid(argument: unknown): Promise<void> {
    const chosen = await this.#choose(argument, 'Copy the number of which process?');
    if (chosen) await vscode.env.clipboard.writeText(String(chosen.process.pid));
  }

  async #signal({ container, process: { pid } }: Chosen, signal: string): Promise<void> {
    const client = await this.#services.session.connect();
    if (pid === 1) await client.containers.signal(container.id, signal);
    else await kill(client, container, pid, signal);
  }

  async #choose(argument: unknown, placeHolder: string): Promise<Chosen | undefined> {
    if (argument instanceof ProcessItem) return argument;
    const container = await pickContainer(this.#services, argument, { placeHolder: 'Processes of which container?', states: ['running'], none: 'No container is running.' });
    if (!container) return undefined;
    const client = await this.#services.session.connect();
    const processes = await client.containers.processes(container.id);
    const choices = processes.map((process) => ({ label: `$(server-process) ${commandLine(process)}`, description: `${process.pid} · ${process.user ?? process.uid}`, thing: { container, process } }));
    return pickOne(choices, placeHolder, 'No process is running.');
  }
}

/** With the container's own shell, as its root: the host itself has a way to the first process only. */
async function kill(client: BerthClient, container: ContainerInfo, pid: number, signal: string): Promise<void> {
  const stream = await client.containers.exec(container.id, { command: ['/bin/sh', '-c', 'kill -s "$1" "$2"', 'sh', signal, String(pid)], user: '0:0', workingDirectory: '/' });
  const chunks: Buffer[] = [];
  stream.stdout.resume();
  stream.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { exitCode } = await stream.status;
  if (exitCode === 0) return;
  throw new BerthError('GuestFailed', `Process ${pid} of “${container.name}” did not get the signal: ${Buffer.concat(chunks).toString('utf8').trim() || `status ${exitCode ?? 'unknown'}`}.`);
}
