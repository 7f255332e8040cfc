import * as vscode from 'vscode';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { openInBrowser } from '../ports/browse.ts';
import { hostAddress, type PortEntry } from '../ports/portEntries.ts';
import { ContainerItem } from '../views/containerItems.ts';
import { PortItem } from '../views/portItems.ts';
import { SectionItem } from '../views/sectionItem.ts';
import { pickContainer } from './pick.ts';
import { askForPort, pickPort, type ChosenPort } from './pickPort.ts';

/** What can be done with one port of a running container. Each takes a tree item, or nothing: then the user chooses. */
export class PortCommands {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Called with a port's item, that one; with a container's or nothing, the user names the port. */
  async forward(argument: unknown): Promise<void> {
    if (argument instanceof PortItem) {
      await this.#forward(argument.container, argument.entry.containerPort);
      return;
    }
    const item = argument instanceof SectionItem ? argument.container.id : argument;
    const container = await pickContainer(this.#services, item, { placeHolder: 'Forward a port of which container?', states: ['running'], none: 'No container is running.' });
    const wish = container && (await askForPort(this.#services, container));
    if (!wish) return;
    const { host } = await this.#forward(container, wish.containerPort, wish.hostPort);
    const open = 'Open in Browser';
    const answer = await vscode.window.showInformationMessage(`Port ${wish.containerPort} of “${container.name}” is at ${host ? hostAddress(host) : 'this machine'}.`, open);
    if (answer === open && host) await openInBrowser(host, this.#services.forwards.attributes(container.id, wish.containerPort));
  }

  /** Forwards the port first when nothing leads to it. */
  async open(argument: unknown): Promise<void> {
    const port = await pickPort(this.#services, argument, {
      placeHolder: 'Open which port in a browser?', kinds: ['published', 'forwarded', 'detected'], none: 'No port of a running container is forwarded or published.',
    });
    if (!port) return;
    const { host } = port.entry.host ? port.entry : await this.#forward(port.container, port.entry.containerPort);
    if (host) await openInBrowser(host, this.#services.forwards.attributes(port.container.id, port.entry.containerPort));
  }

  async copyAddress(argument: unknown): Promise<void> {
    const port = await pickPort(this.#services, argument, {
      placeHolder: 'Copy the address of which port?', kinds: ['published', 'forwarded'], none: 'No port of a running container is forwarded or published.',
    });
    if (port?.entry.host) await vscode.env.clipboard.writeText(hostAddress(port.entry.host));
  }

  async stop(argument: unknown): Promise<void> {
    const port = await pickPort(this.#services, argument, { placeHolder: 'Stop forwarding which port?', kinds: ['forwarded'], none: 'No port is forwarded.' });
    if (port) await this.#stop(port);
  }

  async #stop({ container, entry: { host, containerPort } }: ChosenPort): Promise<void> {
    if (!host) return;
    const client = await this.#services.session.connect();
    await this.#services.forwards.stop(client, container, containerPort, host);
  }

  async #forward(container: ContainerInfo, containerPort: number, hostPort?: number): Promise<Pick<PortEntry, 'host'>> {
    const client = await this.#services.session.connect();
    const forwarded = await this.#services.forwards.forward(client, container, containerPort, hostPort);
    return { host: { address: forwarded.hostAddress, port: forwarded.hostPort } };
  }
}

/** The container whose section or item a command was called on. */
export function containerOf(argument: unknown): unknown {
  return argument instanceof SectionItem || argument instanceof PortItem || argument instanceof ContainerItem ? argument.container.id : argument;
}
