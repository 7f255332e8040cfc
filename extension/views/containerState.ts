import * as vscode from 'vscode';
import type { ContainerInfo, ContainerState } from '../../runtime-host/protocol/types.ts';

/** What a state looks like: codicon and theme colour. */
const appearance: Readonly<Record<ContainerState, { readonly icon: string; readonly color?: string; readonly word: string }>> = {
  created: { icon: 'vm-outline', color: 'icon.foreground', word: 'created' },
  starting: { icon: 'loading~spin', word: 'starting' },
  running: { icon: 'vm-running', color: 'charts.green', word: 'running' },
  stopping: { icon: 'loading~spin', word: 'stopping' },
  stopped: { icon: 'vm-outline', color: 'icon.foreground', word: 'stopped' },
};

/** “running”, “paused”, “stopped”, “exited with code 3”, “ran out of memory”, “failed”. */
export function describeState(container: ContainerInfo): string {
  if (container.paused !== undefined) return 'paused';
  if (container.state === 'running' && container.health) return container.health.status === 'starting' ? 'running, not checked yet' : container.health.status;
  if (container.state !== 'stopped') return appearance[container.state].word;
  if (container.restarting) return 'restarting';
  if (container.error) return 'failed';
  if (container.oomKilled) return 'ran out of memory';
  return container.exitCode ? `exited with code ${container.exitCode}` : 'stopped';
}

/** The codicon of a container's state, in a colour of the theme. */
export function stateIcon(container: ContainerInfo): vscode.ThemeIcon {
  if (container.restarting) return new vscode.ThemeIcon('loading~spin');
  if (container.paused !== undefined) return new vscode.ThemeIcon('debug-pause', new vscode.ThemeColor('list.warningForeground'));
  if (container.state === 'stopped' && container.error) return new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
  const { icon, color } = appearance[container.state];
  return new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
}
