import * as vscode from 'vscode';
import type { ContainerProcess } from '../../runtime-host/protocol/statistics.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { formatAge, formatBytes } from './format.ts';
import { SectionItem } from './sectionItem.ts';
import { tooltipOf } from './tooltip.ts';
import { formatProcessorTime, type Figure } from './usageFigures.ts';

export function processesSection(container: ContainerInfo): SectionItem {
  return new SectionItem(container, 'processes', 'Processes', 'server-process', { tooltip: `Processes in “${container.name}”, as long as this is open` });
}

export function usageSection(container: ContainerInfo): SectionItem {
  return new SectionItem(container, 'usage', 'Resource Use', 'pulse', { tooltip: `What “${container.name}” uses, every two seconds as long as this is open` });
}

/** A process in the tree. Its context value is `process`, or `process.first` for the container's own. */
export class ProcessItem extends vscode.TreeItem {
  readonly container: ContainerInfo;
  readonly process: ContainerProcess;

  constructor(container: ContainerInfo, process: ContainerProcess) {
    super(commandLine(process), vscode.TreeItemCollapsibleState.None);
    this.container = container;
    this.process = process;
    const { pid, startedAt, cpuMilliseconds, state } = process;
    const user = process.user ?? String(process.uid);
    this.id = `${container.id}:process:${pid}:${startedAt}`;
    this.description = `${pid} · ${user} · ${formatProcessorTime(cpuMilliseconds)}`;
    this.contextValue = pid === 1 ? 'process.first' : 'process';
    this.iconPath = new vscode.ThemeIcon(state === 'Z' ? 'circle-slash' : 'circle-small-filled');
    this.tooltip = tooltipOf([
      ['Command', commandLine(process)], ['Process', String(pid)], ['Parent', process.parentPid === 0 ? undefined : String(process.parentPid)], ['User', user],
      ['State', states[state] ?? state], ['Processor time', formatProcessorTime(cpuMilliseconds)], ['Memory', formatBytes(process.residentBytes)],
      ['Started', formatAge(startedAt)], ['Terminal', process.terminal],
    ]);
    this.accessibilityInformation = { label: `Process ${pid}, ${commandLine(process)}, user ${user}` };
  }
}

/** The first letter that proc(5) has. */
const states: Readonly<Record<string, string>> = { R: 'running', S: 'sleeping', D: 'waiting for the disk', Z: 'ended, not yet noticed by its parent', T: 'stopped', t: 'stopped by a debugger', I: 'idle' };

/** What it was started as; what has ended has only its name left. */
export function commandLine({ command, name }: ContainerProcess): string {
  return command.length > 0 ? command.join(' ') : `[${name}]`;
}

/** One number of a container's resource use. */
export class FigureItem extends vscode.TreeItem {
  constructor(container: ContainerInfo, { name, value, icon, explanation }: Figure) {
    super(name, vscode.TreeItemCollapsibleState.None);
    this.id = `${container.id}:usage:${name}`;
    this.description = value;
    this.contextValue = 'figure';
    this.iconPath = new vscode.ThemeIcon(icon);
    this.tooltip = explanation;
    this.accessibilityInformation = { label: `${name}: ${value}` };
  }
}
