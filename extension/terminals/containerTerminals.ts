import * as vscode from 'vscode';
import type { HostStream } from '../../runtime-host/client/index.ts';
import type { ContainerInfo, TerminalSize } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { describe, type ErrorReporter } from '../errors.ts';
import { probedEnvironment, processOptions } from '../workspace/containerProcess.ts';
import { loginShell, plainShell } from './loginShell.ts';
import { ProcessTerminal } from './processTerminal.ts';

/** What a terminal shows of a long log: about as much as its scrollback keeps. */
const logLines = 10_000;

interface OpenTerminal {
  readonly containerId: string;
  readonly kind: 'shell' | 'log';
  readonly pty: ProcessTerminal;
}

/** The integrated terminals that this window has in containers. */
export class ContainerTerminals implements vscode.Disposable {
  readonly #services: Services;
  readonly #errors: ErrorReporter;
  /** Those that are open. */
  readonly #terminals = new Map<vscode.Terminal, OpenTerminal>();
  /** By their pseudo-terminals also those that VS Code has yet to open by itself. */
  readonly #made = new WeakMap<object, OpenTerminal>();
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(services: Services, errors: ErrorReporter) {
    this.#services = services;
    this.#errors = errors;
    this.#subscriptions = [
      vscode.window.onDidOpenTerminal((terminal) => this.#opened(terminal)),
      vscode.window.onDidCloseTerminal((terminal) => this.#closed(terminal)),
    ];
  }

  /** A new terminal with a login shell in a running container. */
  openShell(container: ContainerInfo, options: { preserveFocus?: boolean } = {}): vscode.Terminal {
    const terminal = this.#open(this.shellOptions(container), options);
    this.#rememberShells();
    return terminal;
  }

  /** What VS Code needs to make such a terminal by itself (a terminal profile). */
  shellOptions(container: ContainerInfo): vscode.ExtensionTerminalOptions {
    const pty = new ProcessTerminal({
      open: (size) => this.#exec(container, size),
      onFailure: (error, wasOpen) => {
        // A lost connection ends them all at once: each says so, and the views offer the way back.
        if (wasOpen) this.#services.log.error(`Terminal in ${container.name}: ${describe(error)}`);
        else this.#errors.report(error, { retry: () => this.openShell(container) });
      },
      onEnded: () => this.#rememberShells(),
      explainEnd: () => this.#whyStopped(container),
    });
    this.#made.set(pty, { containerId: container.id, kind: 'shell', pty });
    return { name: container.name, iconPath: new vscode.ThemeIcon('vm-running'), isTransient: true, pty };
  }

  /** Shows the shell that runs in a terminal in this container, if there is one. */
  reveal(container: ContainerInfo): boolean {
    return this.#show(container, 'shell') !== undefined;
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
    const shown = this.#show(container, 'log');
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
    this.#made.set(pty, { containerId: container.id, kind: 'log', pty });
    return this.#open({ name: `Log: ${container.name}`, iconPath: new vscode.ThemeIcon('output'), isTransient: true, pty });
  }

  #open(options: vscode.ExtensionTerminalOptions, { preserveFocus = false }: { readonly preserveFocus?: boolean } = {}): vscode.Terminal {
    const terminal = vscode.window.createTerminal(options);
    const made = this.#made.get(options.pty);
    if (made) this.#terminals.set(terminal, made);
    terminal.show(preserveFocus);
    return terminal;
  }

  /** One whose process has ended only waits to be read and closed; it is not what anybody asks for. */
  #show(container: ContainerInfo, kind: OpenTerminal['kind']): vscode.Terminal | undefined {
    for (const [terminal, open] of this.#terminals) {
      if (open.containerId !== container.id || open.kind !== kind || open.pty.ended) continue;
      terminal.show();
      return terminal;
    }
    return undefined;
  }

  async #exec(container: ContainerInfo, size: TerminalSize | undefined): Promise<HostStream> {
    const client = await this.#services.session.connect();
    return client.containers.exec(container.id, await processOptions(this.#services, container, { command: await this.#shell(container), terminal: true, ...(size ? { size } : {}) }));
  }

  /** A login shell would set PATH anew; where its environment is known already, none is needed. */
  async #shell(container: ContainerInfo): Promise<readonly string[]> {
    return (await probedEnvironment(this.#services, container)).length > 0 ? plainShell : loginShell;
  }

  /** A stopping machine ends its processes with a signal; the exit code 137 alone would explain nothing. */
  #whyStopped({ id, name }: ContainerInfo): string | undefined {
    const now = this.#services.session.container(id);
    if (!now) return `The container “${name}” was removed.`;
    if (now.state !== 'stopping' && now.state !== 'stopped') return undefined;
    return now.error ? `The container “${name}” has stopped: ${now.error.message}` : `The container “${name}” has stopped.`;
  }

  /** Also tells of those that VS Code has made from a profile. */
  #opened(terminal: vscode.Terminal): void {
    const { pty } = terminal.creationOptions as Partial<vscode.ExtensionTerminalOptions>;
    const made = pty && this.#made.get(pty);
    if (!made || this.#terminals.has(terminal)) return;
    this.#terminals.set(terminal, made);
    terminal.show(); // VS Code does not when the profile took its time, as it does when the machine had to be started.
    this.#rememberShells();
  }

  /** VS Code also closes terminals when the window reloads; then one is opened again afterwards. */
  #closed(terminal: vscode.Terminal): void {
    if (!this.#terminals.delete(terminal)) return;
    if (terminal.exitStatus?.reason !== vscode.TerminalExitReason.Shutdown) this.#rememberShells();
  }

  #rememberShells(): void {
    const { window } = this.#services;
    const ofWindow = [...this.#terminals.values()].some(({ containerId, kind, pty }) => {
      const container = this.#services.session.container(containerId);
      return kind === 'shell' && !pty.ended && container !== undefined && window.isCurrent(container);
    });
    if (window.hadTerminal !== ofWindow) void window.rememberTerminal(ofWindow);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}
