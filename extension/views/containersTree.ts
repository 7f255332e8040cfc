import * as vscode from 'vscode';
import type { Services } from '../context.ts';
import { portEntries } from '../ports/portEntries.ts';
import { ContainerItem } from './containerItems.ts';
import { factItems, mountItems, mountsSection } from './containerParts.ts';
import { PortItem, portsSection } from './portItems.ts';
import { MessageItem, SectionItem, type Section } from './sectionItem.ts';
import { FigureItem, ProcessItem, processesSection, usageSection } from './usageItems.ts';
import { usageFigures, usageSummary } from './usageFigures.ts';

/** Containers, newest first, each with its image, addresses, ports, mounts, processes and what it uses. */
export class ContainersTree implements vscode.TreeDataProvider<vscode.TreeItem>, vscode.Disposable {
  readonly #services: Services;
  readonly #changed = new vscode.EventEmitter<vscode.TreeItem | undefined>();
  readonly #looked = new vscode.EventEmitter<SectionItem>();
  readonly #subscriptions: vscode.Disposable[];
  /** As VS Code has them: only these can be drawn anew by themselves. */
  readonly #sections = new Map<string, SectionItem>();

  readonly onDidChangeTreeData = this.#changed.event;
  /** VS Code has asked what is in a section, so it is open. */
  readonly onDidLook = this.#looked.event;

  constructor(services: Services) {
    this.#services = services;
    const { window, forwards, listeners, usage } = services;
    this.#subscriptions = [
      window.onDidChange(() => this.#changed.fire(undefined)),
      forwards.onDidChange(() => this.#changed.fire(undefined)),
      listeners.onDidChange((id) => this.#redraw(id, 'ports')),
      usage.processes.onDidChange((id) => this.#redraw(id, 'processes')),
      usage.statistics.onDidChange((id) => this.#redraw(id, 'usage')),
    ];
  }

  getTreeItem(item: vscode.TreeItem): vscode.TreeItem {
    return item;
  }

  getChildren(item?: vscode.TreeItem): vscode.TreeItem[] {
    if (item instanceof SectionItem) return this.#inside(item);
    if (item instanceof ContainerItem) return this.#parts(item);
    if (item) return [];
    const { session, window } = this.#services;
    return session.containers.map((container) => new ContainerItem(container, window.isCurrent(container)));
  }

  /** Only what runs has ports, processes and a use of resources. */
  #parts({ container }: ContainerItem): vscode.TreeItem[] {
    const runs = container.state === 'running';
    const sections = [
      ...(runs ? [portsSection(container)] : []),
      mountsSection(container),
      ...(runs ? [processesSection(container), usageSection(container)] : []),
    ].filter((section) => section !== undefined);
    for (const section of sections) {
      this.#describe(section);
      this.#sections.set(keyOf(container.id, section.section), section);
    }
    return [...factItems(container), ...sections];
  }

  #inside(section: SectionItem): vscode.TreeItem[] {
    this.#looked.fire(section);
    const { container } = section;
    const { usage } = this.#services;
    if (section.section === 'mounts') return mountItems(container);
    if (section.section === 'ports') return this.#ports(section);
    if (section.section === 'processes') {
      const processes = usage.processes.value(container.id);
      return processes?.map((process) => new ProcessItem(container, process)) ?? [message(section, usage.processes.problem(container.id), 'Looking for processes…')];
    }
    const now = usage.statistics.value(container.id);
    if (!now) return [message(section, usage.statistics.problem(container.id), 'Looking…')];
    return usageFigures(now, usage.statistics.previous(container.id)).map((figure) => new FigureItem(container, figure));
  }

  #ports(section: SectionItem): vscode.TreeItem[] {
    const { container } = section;
    const { listeners, forwards } = this.#services;
    const found = listeners.listeners(container.id);
    const items: vscode.TreeItem[] = portEntries(container, found).map((entry) => new PortItem(container, entry, forwards.attributes(container.id, entry.containerPort).label));
    const problem = listeners.problem(container.id);
    if (problem !== undefined || items.length === 0) items.push(message(section, problem, found ? 'No server is listening.' : 'Looking for servers…'));
    return items;
  }

  /** What a section says beside its name goes with what is in it. */
  #describe(section: SectionItem): void {
    const { container: { id }, section: kind } = section;
    const { processes, statistics } = this.#services.usage;
    const now = statistics.value(id);
    if (kind === 'processes') section.describe(processes.value(id)?.length.toString() ?? '');
    if (kind === 'usage') section.describe(now ? usageSummary(now, statistics.previous(id)) : '');
  }

  #redraw(id: string, kind: Section): void {
    const section = this.#sections.get(keyOf(id, kind));
    if (!section) return;
    if (!this.#services.session.container(id)) {
      this.#sections.delete(keyOf(id, kind));
      return;
    }
    this.#describe(section);
    this.#changed.fire(section);
  }

  dispose(): void {
    this.#changed.dispose();
    this.#looked.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

function keyOf(id: string, kind: Section): string {
  return `${id}:${kind}`;
}

/** In the place of what is not there, or not yet. */
function message(section: SectionItem, problem: string | undefined, text: string): MessageItem {
  return problem === undefined ? new MessageItem(section, text, 'info') : new MessageItem(section, problem, 'warning');
}
