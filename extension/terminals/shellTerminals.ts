import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import { defaultSessionSeconds } from '../../runtime-host/protocol/sessions.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { describe, type ErrorReporter } from '../errors.ts';
import { processOptions } from '../workspace/containerProcess.ts';
import { isDefaultProfile } from './defaultProfile.ts';
import { ProcessTerminal, type Reconnection } from './processTerminal.ts';
import { RememberedShells, type RememberedShell } from './rememberedShells.ts';
import { shellStart } from './shellStart.ts';

interface Shell {
  readonly container: ContainerInfo;
  readonly session: string;
  readonly pty: ProcessTerminal;
}

/** The order of terminals is not worth more than that they appear. */
const patienceMilliseconds = 5000;
/** VS Code asks for a terminal at its start when its panel is shown and has none; later it hardly will. */
const startMilliseconds = 15_000;

/**
 * The shells that this window has in containers. Each is a session of its container's, so it is there again when the
 * window was reloaded, or the runtime host was killed; closing its terminal ends it.
 */
export class ShellTerminals implements vscode.Disposable {
  readonly #services: Services;
  readonly #errors: ErrorReporter;
  readonly #remembered: RememberedShells;
  /** How many terminals of this machine the window had before it was reloaded. */
  readonly #othersBefore: number;
  /** Until then what is remembered is more than what is there. */
  #restoring: boolean;
  readonly #open = new Map<vscode.Terminal, Shell>();
  /** By their pseudo-terminals also those that VS Code has yet to open by itself. */
  readonly #made = new WeakMap<object, Shell>();
  /** Sessions whose terminals were closed before the shell was there. */
  readonly #abandoned = new Set<string>();
  readonly #connected = new vscode.EventEmitter<void>();
  readonly #openedByCode = new vscode.EventEmitter<Shell>();
  readonly #subscriptions: readonly vscode.Disposable[];
  /** One that VS Code opens by itself and that others come after. */
  #first: Promise<void> | undefined;
  #restored: Promise<void> | undefined;
  #isLeaving = false;
  /** Settles when terminals are wanted; `shown` when somebody looks. */
  readonly #wanted = Promise.withResolvers<'shown' | 'hidden'>();

  constructor(services: Services, errors: ErrorReporter) {
    this.#services = services;
    this.#errors = errors;
    this.#remembered = new RememberedShells(services.context.workspaceState);
    this.#othersBefore = this.#remembered.others;
    this.#restoring = this.#remembered.hasPending;
    const remember = (): void => this.#remember();
    this.#subscriptions = [
      this.#connected,
      this.#openedByCode,
      services.session.onDidChange((what) => void (what === 'state' && services.session.state === 'connected' && this.#connected.fire())),
      vscode.window.onDidOpenTerminal((terminal) => this.#opened(terminal)),
      vscode.window.onDidCloseTerminal((terminal) => this.#closed(terminal)),
      // There is no event for a new name, but whoever gives one does one of these next.
      vscode.window.onDidChangeActiveTerminal(remember),
      vscode.window.onDidChangeTerminalState(remember),
      vscode.window.onDidChangeWindowState(remember),
    ];
  }

  /** A new shell in a running container. */
  open(container: ContainerInfo, { preserveFocus = false }: { readonly preserveFocus?: boolean } = {}): vscode.Terminal {
    const terminal = this.#create(this.options(container));
    terminal.show(preserveFocus);
    return terminal;
  }

  /** Shows the shell that runs in this container, if there is one. */
  reveal(container: ContainerInfo): boolean {
    for (const [terminal, shell] of this.#open) {
      if (shell.container.id !== container.id || shell.pty.ended) continue;
      terminal.show();
      return true;
    }
    if (!this.#remembered.has(container.id)) return false;
    this.#wanted.resolve('shown');
    this.restore().catch((error: unknown) => this.#services.log.error(`The terminals of before could not be opened: ${describe(error)}`));
    return true;
  }

  /** The container of a terminal that is one of these. */
  containerOf(terminal: vscode.Terminal): ContainerInfo | undefined {
    return this.#open.get(terminal)?.container;
  }

  /** What VS Code needs to make such a terminal by itself. */
  options(container: ContainerInfo, before?: RememberedShell): vscode.ExtensionTerminalOptions {
    const { session: hosts } = this.#services;
    const session = before?.session ?? randomUUID();
    const name = before?.name ?? container.name;
    const join: Reconnection['open'] = async (size) => {
      const client = await hosts.connect();
      const stream = await client.containers.attachSession(container.id, session).catch(async (error: unknown) => {
        if (BerthError.from(error).code !== 'HostUnreachable') throw error;
        await this.#noticedLoss(client);
        return (await hosts.connect()).containers.attachSession(container.id, session);
      });
      if (size) stream.resize(size);
      return stream;
    };
    const pty = new ProcessTerminal({
      open: before ? join : async (size) => {
        const client = await hosts.connect();
        const request = await shellStart(this.#services, container, size);
        const stream = await client.containers.exec(container.id, { ...await processOptions(this.#services, container, request), session: { id: session, name, expireSeconds: expireSeconds() } });
        if (this.#abandoned.delete(session)) this.#endSession(container, session);
        return stream;
      },
      reconnect: { open: join, onConnected: this.#connected.event },
      onFailure: (error, wasOpen) => {
        if (wasOpen || before) this.#services.log.error(`Terminal in ${container.name}: ${describe(error)}`);
        else this.#errors.report(error, { retry: () => this.open(container) });
      },
      onEnded: () => this.#remember(),
      explainEnd: () => this.#whyStopped(container),
    });
    this.#made.set(pty, { container, session, pty });
    return { name, iconPath: new vscode.ThemeIcon('vm-running'), isTransient: true, pty };
  }

  /** A host that dies is noticed on each of its connections, and on the window's own not always first. */
  #noticedLoss(client: BerthClient): Promise<void> {
    const { session } = this.#services;
    return new Promise((resolve) => {
      if (session.client !== client) return resolve();
      const subscription = session.onDidChange(() => {
        if (session.client === client) return;
        subscription.dispose();
        resolve();
      });
    });
  }

  /** Whether this window had shells before it was reloaded that have no terminal yet. */
  get hasPending(): boolean {
    return this.#remembered.hasPending;
  }

  /** For VS Code when it wants a terminal: one of before the reload, as long as there are such. */
  async nextPending(): Promise<vscode.ExtensionTerminalOptions | undefined> {
    const before = this.#remembered.take();
    if (!before) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#first ??= promise;
    this.#wanted.resolve('shown');
    const [found] = await this.#stillThere([before]).catch((error: unknown) => {
      resolve();
      throw error;
    });
    if (!found) {
      resolve();
      return undefined;
    }
    const subscription = this.#openedByCode.event(({ session }) => void (session === before.session && resolve()));
    setTimeout(resolve, patienceMilliseconds);
    void promise.then(() => subscription.dispose());
    return this.options(found.container, before);
  }

  /**
   * After a reload: opens the terminals of the shells that still run, as they were. Where ours is the default profile
   * VS Code itself asks for the first of them if its panel is shown, and would get one too many if it were there already.
   */
  restore(): Promise<void> {
    this.#restored ??= this.#restore().catch((error: unknown) => {
      this.#restored = undefined;
      throw error;
    });
    return this.#restored;
  }

  async #restore(): Promise<void> {
    await this.#services.session.connect();
    if (!isDefaultProfile() || vscode.window.terminals.length > 0) this.#wanted.resolve('shown');
    const timer = setTimeout(() => this.#wanted.resolve('hidden'), startMilliseconds);
    const how = await this.#wanted.promise.finally(() => clearTimeout(timer));
    await this.#first;
    this.#restoring = false;
    const pending = this.#remembered.takeAll();
    const found = await this.#stillThere(pending);
    let active: vscode.Terminal | undefined;
    for (const { before, container } of found) {
      const terminal = this.#create(this.options(container, before));
      if (before.active || !active) active = terminal;
    }
    const { current } = this.#services.window;
    if (active && how === 'shown') active.show(true);
    // Where the container was started anew the shells are gone; whoever had one wants one.
    else if (this.#open.size === 0 && current?.state === 'running' && pending.some(({ container }) => container === current.id)) this.open(current, { preserveFocus: true });
    if (this.#open.size > 0) this.#closeNeedless();
    this.#remember();
  }

  /**
   * VS Code begins with a shell of this machine when its panel is shown and it does not know the default profile yet. It is
   * one too many where the window had none.
   */
  #closeNeedless(): void {
    const [other, ...more] = otherTerminals();
    if (isDefaultProfile() && this.#othersBefore === 0 && other && more.length === 0 && !other.state.isInteractedWith) other.dispose();
  }

  async #stillThere(shells: readonly RememberedShell[]): Promise<{ readonly before: RememberedShell; readonly container: ContainerInfo }[]> {
    const client = await this.#services.session.connect();
    const running = [...new Set(shells.map(({ container }) => container))].flatMap((id) => {
      const container = this.#services.session.container(id);
      return container?.state === 'running' ? [container] : [];
    });
    const sessions = new Map(await Promise.all(running.map(async ({ id }) => [id, new Set((await client.containers.sessions(id)).map((session) => session.id))] as const)));
    return shells.flatMap((before) => {
      const container = running.find(({ id }) => id === before.container);
      return container && sessions.get(container.id)?.has(before.session) ? [{ before, container }] : [];
    });
  }

  #create(options: vscode.ExtensionTerminalOptions): vscode.Terminal {
    const terminal = vscode.window.createTerminal(options);
    const shell = this.#made.get(options.pty);
    if (shell) this.#open.set(terminal, shell);
    this.#remember();
    return terminal;
  }

  /** Also tells of those that VS Code has made from a profile. */
  #opened(terminal: vscode.Terminal): void {
    const { pty } = terminal.creationOptions as Partial<vscode.ExtensionTerminalOptions>;
    if (!pty) this.#wanted.resolve('shown'); // One of this machine's: VS Code asks for no other.
    const shell = pty && this.#made.get(pty);
    if (!shell || this.#open.has(terminal)) return;
    this.#open.set(terminal, shell);
    terminal.show(); // VS Code does not when the profile took its time, as it does when the machine had to be started.
    this.#openedByCode.fire(shell);
    this.#remember();
  }

  /** VS Code also closes terminals when the window reloads; their shells go on. */
  #closed(terminal: vscode.Terminal): void {
    const shell = this.#open.get(terminal);
    if (!shell || terminal.exitStatus?.reason === vscode.TerminalExitReason.Shutdown) return;
    const forget = (): void => {
      this.#open.delete(terminal);
      this.#remember();
    };
    if (!shell.pty.ended && (terminal.exitStatus === undefined || terminal.exitStatus.reason === vscode.TerminalExitReason.Unknown)) {
      // Of a window that ends we may not hear why: it is gone in a moment, and its shells are to be found again.
      setTimeout(forget, 1000);
      return;
    }
    forget();
    // Whoever closes it has done with its shell.
    if (shell.pty.ended) return;
    if (shell.pty.opening) this.#abandoned.add(shell.session);
    this.#endSession(shell.container, shell.session);
  }

  #endSession(container: ContainerInfo, session: string): void {
    this.#services.session.client?.containers.endSession(container.id, session).catch((error: unknown) => {
      // Either has ended it, or it has yet to begin.
      if (!(error instanceof BerthError) || !['ContainerNotRunning', 'SessionNotFound'].includes(error.code)) this.#services.log.warn(`The shell of a closed terminal in ${container.name} could not be ended: ${describe(error)}`);
    });
  }

  /** The window ends, and with it the connection: what becomes of its terminals from now on is not to be remembered. */
  leave(): void {
    this.#isLeaving = true;
  }

  #remember(): void {
    if (this.#isLeaving) return;
    const { activeTerminal } = vscode.window;
    const shells = [...this.#open].flatMap(([terminal, { container, session, pty }]) =>
      pty.ended ? [] : [{ container: container.id, session, name: terminal.name, ...(terminal === activeTerminal && { active: true }) }]);
    this.#remembered.save(shells, this.#restoring ? this.#othersBefore : otherTerminals().length);
  }

  /** A stopping machine ends its processes with a signal; the exit code 137 alone would explain nothing. */
  #whyStopped({ id, name }: ContainerInfo): string | undefined {
    const now = this.#services.session.container(id);
    if (!now) return `The container “${name}” was removed.`;
    if (now.state !== 'stopping' && now.state !== 'stopped') return undefined;
    return now.error ? `The container “${name}” has stopped: ${now.error.message}` : `The container “${name}” has stopped.`;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

/** Those that VS Code itself has a process for. */
function otherTerminals(): vscode.Terminal[] {
  return vscode.window.terminals.filter(({ creationOptions }) => !('pty' in creationOptions));
}

function expireSeconds(): number {
  return Math.round(vscode.workspace.getConfiguration('berth.terminal').get('keepDetachedHours', defaultSessionSeconds / 3600) * 3600);
}
