import * as vscode from 'vscode';
import type { HostStream } from '../../runtime-host/client/index.ts';
import type { ContainerInfo, TerminalSize } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import type { ErrorReporter } from '../errors.ts';
import { readFolderConfig } from '../config/folderConfig.ts';
import { resolveRemoteEnv } from '../config/devcontainer.ts';
import { workspaceLabel } from '../windowContainer.ts';
import { ProcessTerminal } from './processTerminal.ts';

/** A login shell: bash where the image has it, else sh. */
const loginShell = ['/bin/sh', '-c', 'if command -v bash >/dev/null 2>&1; then exec bash -l; else exec sh -l; fi'];

/** The integrated terminals that this window has in containers. */
export class ContainerTerminals implements vscode.Disposable {
  readonly #services: Services;
  readonly #errors: ErrorReporter;
  readonly #shells = new Map<vscode.Terminal, string>();
  readonly #logs = new Map<string, vscode.Terminal>();
  readonly #subscription: vscode.Disposable;

  constructor(services: Services, errors: ErrorReporter) {
    this.#services = services;
    this.#errors = errors;
    this.#subscription = vscode.window.onDidCloseTerminal((terminal) => this.#closed(terminal));
  }

  /** A new terminal with a login shell in a running container. */
  async openShell(container: ContainerInfo, options: { preserveFocus?: boolean } = {}): Promise<vscode.Terminal> {
    const terminal = vscode.window.createTerminal(this.shellOptions(container));
    this.#shells.set(terminal, container.id);
    terminal.show(options.preserveFocus ?? false);
    if (this.#services.window.isCurrent(container)) await this.#services.window.rememberTerminal(true);
    return terminal;
  }

  /** What VS Code needs to make such a terminal by itself (a terminal profile). */
  shellOptions(container: ContainerInfo): vscode.ExtensionTerminalOptions {
    return {
      name: container.name,
      iconPath: new vscode.ThemeIcon('vm-running'),
      isTransient: true,
      pty: new ProcessTerminal({
        open: (size) => this.#exec(container, size),
        onFailure: (error) => this.#services.log.error(`Terminal in ${container.name}: ${error.message}`),
        explainEnd: () => this.#whyStopped(container),
      }),
    };
  }

  /** Shows the shell terminal that is open in this container, if there is one. */
  reveal(container: ContainerInfo): boolean {
    for (const [terminal, id] of this.#shells) {
      if (id !== container.id || terminal.exitStatus) continue;
      terminal.show();
      return true;
    }
    return false;
  }

  /** The container's first process: what it prints, and what it reads. */
  attach(container: ContainerInfo): vscode.Terminal {
    const terminal = vscode.window.createTerminal({
      name: `${container.name}: first process`,
      iconPath: new vscode.ThemeIcon('debug-console'),
      isTransient: true,
      pty: new ProcessTerminal({
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
      }),
    });
    terminal.show();
    return terminal;
  }

  /** What the first process has printed, and what it prints from now on. One terminal per container. */
  showLog(container: ContainerInfo): vscode.Terminal {
    const open = this.#logs.get(container.id);
    if (open && !open.exitStatus) {
      open.show();
      return open;
    }
    const terminal = vscode.window.createTerminal({
      name: `Log: ${container.name}`,
      iconPath: new vscode.ThemeIcon('output'),
      isTransient: true,
      pty: new ProcessTerminal({
        open: async () => {
          const client = await this.#services.session.connect();
          return client.containers.logs(container.id, { follow: true });
        },
        onFailure: (error) => this.#errors.report(error),
        addCarriageReturns: !container.terminal,
        readOnly: true,
        keepOpen: true,
        startText: `Log of ${container.name} (${container.image}). It follows while the container runs.`,
        endText: 'The log ends here: the container has stopped.',
      }),
    });
    this.#logs.set(container.id, terminal);
    terminal.show();
    return terminal;
  }

  async #exec(container: ContainerInfo, size: TerminalSize | undefined): Promise<HostStream> {
    const client = await this.#services.session.connect();
    const folder = container.labels[workspaceLabel];
    const config = folder === undefined ? undefined : await readFolderConfig(folder);
    const remoteEnv = config ? resolveRemoteEnv(config.remoteEnv, container.env) : [];
    const user = config?.remoteUser ?? container.user;
    const workingDirectory = config?.workspaceFolder ?? container.workingDirectory;
    return client.containers.exec(container.id, {
      command: loginShell,
      terminal: true,
      stdin: true,
      hangUp: true,
      env: ['TERM=xterm-256color', 'COLORTERM=truecolor', ...remoteEnv],
      ...(size ? { size: { columns: size.columns, rows: size.rows } } : {}),
      ...(user ? { user } : {}),
      ...(workingDirectory ? { workingDirectory } : {}),
    });
  }

  /** A stopping machine ends its processes with a signal; the exit code 137 alone would explain nothing. */
  #whyStopped({ id, name }: ContainerInfo): string | undefined {
    const now = this.#services.session.container(id);
    if (!now) return `The container “${name}” was removed.`;
    if (now.state !== 'stopping' && now.state !== 'stopped') return undefined;
    return now.error ? `The container “${name}” has stopped: ${now.error.message}` : `The container “${name}” has stopped.`;
  }

  /** VS Code also closes terminals when the window reloads; then one is opened again afterwards. */
  #closed(terminal: vscode.Terminal): void {
    for (const [id, log] of this.#logs) {
      if (log === terminal) this.#logs.delete(id);
    }
    if (!this.#shells.delete(terminal)) return;
    if (terminal.exitStatus?.reason === vscode.TerminalExitReason.Shutdown) return;
    if (this.#shells.size === 0) void this.#services.window.rememberTerminal(false);
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}
