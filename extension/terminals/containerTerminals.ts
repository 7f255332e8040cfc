import * as vscode from 'vscode';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import type { ErrorReporter } from '../errors.ts';
import { ProcessTerminal } from './processTerminal.ts';
import { ShellTerminals } from './shellTerminals.ts';

/** What a terminal shows of a long log: about as much as its scrollback keeps. */
const logLines = 10_000;

interface OpenLog {
  readonly containerId: string;
  readonly pty: ProcessTerminal;
}

/** The integrated terminals that this window has in containers. */
export class ContainerTerminals implements vscode.Disposable {
  readonly shells: ShellTerminals;
  readonly #services: Services;
  readonly #errors: ErrorReporter;
  readonly #logs = new Map<vscode.Terminal, OpenLog>();
  readonly #subscription: vscode.Disposable;

  constructor(services: Services, errors: ErrorReporter) {
    this.#services = services;
    this.#errors = errors;
    this.shells = new ShellTerminals(services, errors);
    this.#subscription = vscode.window.onDidCloseTerminal((terminal) => this.#logs.delete(terminal));
  }

  /** A new terminal with the user's shell in a running container. */
  openShell(container: ContainerInfo, options: { readonly preserveFocus?: boolean } = {}): vscode.Terminal {
    return this.shells.open(container, options);
  }

  /** Shows the shell that runs in a terminal in this container, if there is one. */
  reveal(container: ContainerInfo): boolean {
    return this.shells.reveal(container);
  }

  /** The container's first process: what it prints, and what it reads. */
  attach(container: ContainerInfo): vscode.Terminal {
    const pty = new ProcessTerminal({
      open: async (size) => {
        const client = await this.#services.session.connect();
        const stream = await client.containers.attach(container.id, { replay: true });
        if (size && container.terminal) stream.resize(size);
        return stream;
      },
      onFailure: (error) => this.#errors.report(error),
      addCarriageReturns: !container.terminal,
      readOnly: !container.stdin,
      keepOpen: true,
    });
    return this.#open({ name: `${container.name}: first process`, iconPath: new vscode.ThemeIcon('debug-console'), isTransient: true, pty });
  }

  /** What the first process has printed, and what it prints from now on. One terminal per container. */
  showLog(container: ContainerInfo): vscode.Terminal {
    const shown = this.#shownLog(container);
    if (shown) return shown;
    const pty = new ProcessTerminal({
      open: async () => {
        const client = await this.#services.session.connect();
        return client.containers.logs(container.id, { follow: true, tail: logLines });
      },
      onFailure: (error) => this.#errors.report(error),
      addCarriageReturns: !container.terminal,
      readOnly: true,
      keepOpen: true,
      startText: `Log of ${container.name} (${container.image}). It follows while the container runs.`,
      endText: 'The log ends here: the container has stopped.',
    });
    const terminal = this.#open({ name: `Log: ${container.name}`, iconPath: new vscode.ThemeIcon('output'), isTransient: true, pty });
    this.#logs.set(terminal, { containerId: container.id, pty });
    return terminal;
  }

  #open(options: vscode.ExtensionTerminalOptions): vscode.Terminal {
    const terminal = vscode.window.createTerminal(options);
    terminal.show();
    return terminal;
  }

  /** One that has ended only waits to be read and closed; it is not what anybody asks for. */
  #shownLog(container: ContainerInfo): vscode.Terminal | undefined {
    for (const [terminal, { containerId, pty }] of this.#logs) {
      if (containerId !== container.id || pty.ended) continue;
      terminal.show();
      return terminal;
    }
    return undefined;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.shells.dispose();
  }
}
