import { realpathSync } from 'node:fs';
import * as vscode from 'vscode';
import { workspaceLabel } from '../runtime-host/protocol/labels.ts';
import type { ContainerInfo } from '../runtime-host/protocol/types.ts';
import type { HostSession } from './host/hostSession.ts';

export { workspaceLabel };
/** Label with the hash of the configuration that the container was made from. */
export const configurationLabel = 'berth.config';
/** Label with the path, seen from the folder, of the configuration that the container was made from; absent: there was none. */
export const configurationFileLabel = 'berth.configFile';
/** Label with the image as it was named, by the configuration or by the user. */
export const imageLabel = 'berth.image';

const rememberedKey = 'berth.windowContainer';
const inContainerKey = 'berth.inContainer';
const stoppedKey = 'berth.stoppedHere';

/**
 * The container that belongs to this window's folder. It is found by its label, so a reload, another window, or a
 * host that was started again all find the same one.
 */
export class WindowContainer implements vscode.Disposable {
  readonly #session: HostSession;
  readonly #memory: vscode.Memento;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];
  /** Real paths of the window's folders, looked up once for each set of folders: a lookup can be slow. */
  #folders: ReadonlySet<string> | undefined;
  #inContainer: boolean;
  #replacing = 0;
  #configured = false;
  /** Whether the container stopped while the window was there to see it; as it was when the window came. */
  readonly wasStopped: boolean;

  readonly onDidChange = this.#changed.event;

  constructor(session: HostSession, memory: vscode.Memento) {
    this.#session = session;
    this.#memory = memory;
    this.#inContainer = memory.get(inContainerKey, false);
    this.wasStopped = memory.get(stoppedKey, false);
    this.#subscriptions = [
      session.onDidChange((what) => {
        if (what !== 'containers' && what !== 'state') return;
        this.#remember();
        this.#changed.fire();
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => {
        this.#folders = undefined;
        this.#changed.fire();
      }),
    ];
  }

  /** The container as the host last described it; the running one when there are several, else the newest. */
  get current(): ContainerInfo | undefined {
    return firstRunning(this.#session.containers.filter((container) => this.isCurrent(container)));
  }

  /** Whether it was made for one of this window's folders. */
  isCurrent(container: ContainerInfo): boolean {
    this.#folders ??= new Set(workspaceFolderPaths());
    const folder = container.labels[workspaceLabel];
    return folder !== undefined && this.#folders.has(folder);
  }

  forFolder(realPath: string): ContainerInfo | undefined {
    return firstRunning(this.#session.containers.filter((container) => container.labels[workspaceLabel] === realPath));
  }

  /** True when this window had a container before it was reloaded: then it is worth connecting at once. */
  get wasUsed(): boolean {
    return this.#memory.get(rememberedKey) !== undefined;
  }

  /**
   * Whether the user works in the folder's container: from Open Folder in Container until Reopen Folder Locally, or
   * until the container is removed; also while it is stopped, and after a reload.
   */
  get inContainer(): boolean {
    return this.#inContainer;
  }

  /** Whether a folder of the window is known to have a configuration. */
  get configured(): boolean {
    return this.#configured;
  }

  setConfigured(): void {
    if (this.#configured) return;
    this.#configured = true;
    this.#changed.fire();
  }

  /** Keeps {@link inContainer} while the folder's container makes room for another. */
  async replacing<T>(work: () => Promise<T>): Promise<T> {
    this.#replacing += 1;
    try {
      return await work();
    } finally {
      this.#replacing -= 1;
      this.#remember();
    }
  }

  async setInContainer(inside: boolean): Promise<void> {
    if (this.#inContainer === inside) return;
    this.#inContainer = inside;
    this.#changed.fire();
    await this.#memory.update(inContainerKey, inside ? true : undefined);
  }

  #remember(): void {
    if (this.#session.state !== 'connected') return;
    const id = this.current?.id;
    if (id === undefined && this.#replacing === 0 && this.#inContainer) void this.setInContainer(false);
    const stopped = this.#inContainer && this.current?.state === 'stopped';
    if (this.#memory.get(stoppedKey, false) !== stopped) void this.#memory.update(stoppedKey, stopped ? true : undefined);
    if (this.#memory.get(rememberedKey) !== id) void this.#memory.update(rememberedKey, id);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }
}

function firstRunning(newestFirst: readonly ContainerInfo[]): ContainerInfo | undefined {
  return newestFirst.find((container) => container.state === 'running') ?? newestFirst[0];
}

/** The real paths of this window's folders, on the machine on which the extension runs. */
function workspaceFolderPaths(): string[] {
  return (vscode.workspace.workspaceFolders ?? []).flatMap((folder) => {
    const path = realPathOf(folder.uri);
    return path === undefined ? [] : [path];
  });
}

/** As the window calls a folder of its own, by whose name alone VS Code finds its settings. */
export function uriOf(realPath: string): vscode.Uri {
  return (vscode.workspace.workspaceFolders ?? []).find(({ uri }) => realPathOf(uri) === realPath)?.uri ?? vscode.Uri.file(realPath);
}

/** Undefined for what is not on this machine's disk, or not there any more. */
export function realPathOf(uri: vscode.Uri): string | undefined {
  if (uri.scheme !== 'file') return undefined;
  try {
    return realpathSync(uri.fsPath);
  } catch {
    // The folder has vanished; whoever needs it says so.
    return undefined;
  }
}
