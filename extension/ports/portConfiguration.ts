import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import type { Listener } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { attributesFor, needsCommandLines, noPortSettings, type PortAttributes, type PortSettings } from '../../runtime-host/devcontainer/portAttributes.ts';
import { describe } from '../errors.ts';
import type { HostSession } from '../host/hostSession.ts';
import { workspaceLabel } from '../../runtime-host/protocol/labels.ts';
import { containerConfig } from '../opening/folderConfiguration.ts';

interface Known {
  settings: PortSettings;
  /** Command lines by process number, of those that listen. */
  commands: Map<number, string>;
  problem?: string;
}

/** What the folders' configurations say about ports. */
export class PortConfiguration implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #session: HostSession;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #known = new Map<string, Known>();

  readonly onDidChange = this.#changed.event;

  constructor(log: vscode.LogOutputChannel, session: HostSession) {
    this.#log = log;
    this.#session = session;
  }

  /** Reads the configuration anew; one that is just being edited leaves the last one in force. */
  async read(client: BerthClient, container: ContainerInfo, listeners: readonly Listener[]): Promise<PortSettings> {
    const known = this.#known.get(container.id) ?? { settings: noPortSettings, commands: new Map<number, string>() };
    this.#known.set(container.id, known);
    if (container.labels[workspaceLabel] === undefined || !vscode.workspace.isTrusted) return known.settings;
    const before = asText(known);
    try {
      known.settings = (await containerConfig({ session: this.#session }, container))?.ports ?? noPortSettings;
      delete known.problem;
    } catch (error) {
      const problem = describe(error);
      if (known.problem !== problem) this.#log.warn(`Ports of “${container.name}” are as before: ${problem}`);
      known.problem = problem;
    }
    if (needsCommandLines(known.settings)) await this.#readCommands(client, container, known, listeners);
    if (asText(known) !== before) this.#changed.fire();
    return known.settings;
  }

  /** What was read last says about a port. */
  attributes(id: string, port: number, listener?: Listener): PortAttributes {
    const known = this.#known.get(id);
    if (!known) return {};
    return attributesFor(known.settings, port, listener?.pid === undefined ? undefined : known.commands.get(listener.pid));
  }

  async #readCommands(client: BerthClient, { id, name }: ContainerInfo, known: Known, listeners: readonly Listener[]): Promise<void> {
    const pids = new Set(listeners.flatMap(({ pid }) => (pid === undefined ? [] : [pid])));
    if ([...pids].every((pid) => known.commands.has(pid))) return;
    try {
      const processes = await client.containers.processes(id);
      known.commands = new Map(processes.filter(({ pid }) => pids.has(pid)).map(({ pid, command }) => [pid, command.join(' ')]));
    } catch (error) {
      this.#log.warn(`The command lines of what listens in “${name}” are not known: ${describe(error)}`);
    }
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

/** For comparison. */
function asText({ settings, commands }: Known): string {
  return JSON.stringify([settings, [...commands]], (_name, value: unknown) => (value instanceof RegExp ? value.source : value));
}
