import * as vscode from 'vscode';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { hostAddress, portName, type PortEntry, type PortKind } from '../ports/portEntries.ts';
import { SectionItem } from './sectionItem.ts';
import { tooltipOf } from './tooltip.ts';

/** What leads into a running container, and which servers wait in it. */
export function portsSection(container: ContainerInfo): SectionItem {
  const counts = [count(container.forwards?.length, 'forwarded'), count(container.ports?.length, 'published')].filter((text) => text !== '');
  return new SectionItem(container, 'ports', 'Ports', 'plug', {
    description: counts.join(', '), tooltip: `Ports of “${container.name}”: what is published or forwarded to this machine, and which servers are listening`,
  });
}

const appearance: Readonly<Record<PortKind, { readonly icon: string; readonly color?: string; readonly word: string }>> = {
  published: { icon: 'broadcast', color: 'charts.green', word: 'Published' },
  forwarded: { icon: 'radio-tower', color: 'charts.green', word: 'Forwarded' },
  detected: { icon: 'circle-outline', word: 'Not forwarded' },
};

/** A port in the tree. Its context value is `port.<kind>.<protocol>`. */
export class PortItem extends vscode.TreeItem {
  readonly container: ContainerInfo;
  readonly entry: PortEntry;

  /** `name` is what the configuration calls the port. */
  constructor(container: ContainerInfo, entry: PortEntry, name?: string) {
    const { kind, protocol, host, listener } = entry;
    const { icon, color, word } = appearance[kind];
    const address = host && hostAddress(host);
    const port = portName(entry);
    super(address === undefined ? port : `${port} → ${address}`, vscode.TreeItemCollapsibleState.None);
    this.container = container;
    this.entry = entry;
    this.id = `${container.id}:port:${kind}:${port}:${address ?? ''}`;
    this.description = [name, listener?.processName].filter(Boolean).join(' · ');
    this.contextValue = `port.${kind}.${protocol}`;
    this.iconPath = new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
    this.tooltip = portTooltip(entry, name, word);
    this.accessibilityInformation = {
      label: [
        `Port ${port}${name === undefined ? '' : ` (${name})`} of ${container.name}`, address === undefined ? 'not forwarded' : `${word.toLowerCase()} to ${address}`,
        ...(listener?.processName ? [`process ${listener.processName}`] : []),
      ].join(', '),
    };
  }
}

function portTooltip({ host, listener, ...entry }: PortEntry, name: string | undefined, word: string): vscode.MarkdownString {
  return tooltipOf([
    ['Port', portName(entry)],
    ['Label', name],
    [word, host ? hostAddress(host) : 'choose Forward to reach it from this machine'],
    ['Listening at', listener && (listener.address.includes(':') ? `[${listener.address}]:${listener.port}` : `${listener.address}:${listener.port}`)],
    ['Process', listener?.processName && (listener.pid === undefined ? listener.processName : `${listener.processName} (${listener.pid})`)],
  ]);
}

function count(number: number | undefined, word: string): string {
  return number ? `${number} ${word}` : '';
}
