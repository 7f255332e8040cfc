import * as vscode from 'vscode';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';

export type Section = 'ports' | 'mounts' | 'processes' | 'usage';

/** A part of a container in the tree that can be opened. Its context value is the section's name. */
export class SectionItem extends vscode.TreeItem {
  readonly container: ContainerInfo;
  readonly section: Section;

  constructor(container: ContainerInfo, section: Section, title: string, icon: string, { description = '', tooltip }: { readonly description?: string; readonly tooltip: string }) {
    super(title, vscode.TreeItemCollapsibleState.Collapsed);
    this.container = container;
    this.section = section;
    this.id = `${container.id}:${section}`;
    this.contextValue = section;
    this.iconPath = new vscode.ThemeIcon(icon);
    this.tooltip = tooltip;
    this.describe(description);
  }

  /** What it says while it is closed, too. */
  describe(description: string): void {
    this.description = description;
    this.accessibilityInformation = { label: `${String(this.label)} of ${this.container.name}${description === '' ? '' : `: ${description}`}` };
  }
}

/** What a section says when there is nothing to list. */
export class MessageItem extends vscode.TreeItem {
  constructor({ id }: SectionItem, text: string, icon: 'info' | 'warning') {
    super(text, vscode.TreeItemCollapsibleState.None);
    this.id = `${id ?? ''}:message`;
    this.contextValue = 'message';
    this.iconPath = new vscode.ThemeIcon(icon);
    this.tooltip = text;
  }
}
