import * as vscode from 'vscode';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { describeState, stateIcon } from './containerState.ts';

/** A container as a part of something else: who uses a volume, who is in a network. */
export class MemberItem extends vscode.TreeItem {
  readonly container: ContainerInfo;

  constructor(owner: string, container: ContainerInfo, detail: string) {
    super(container.name, vscode.TreeItemCollapsibleState.None);
    this.container = container;
    this.id = `${owner}:${container.id}`;
    this.description = detail;
    this.contextValue = 'member';
    this.iconPath = stateIcon(container);
    this.tooltip = `${container.name} is ${describeState(container)}.`;
    this.accessibilityInformation = { label: `Container ${container.name}, ${describeState(container)}, ${detail}` };
  }
}
