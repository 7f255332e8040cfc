import * as vscode from 'vscode';
import type { BerthClient } from '../runtime-host/client/index.ts';
import type { ContainerInfo, WhenUnused } from '../runtime-host/protocol/types.ts';
import type { Services } from './context.ts';
import { describe } from './errors.ts';
import { uriOf, workspaceLabel } from './windowContainer.ts';
import { configOf } from './workspace/containerProcess.ts';

/** What the runtime host knows of this window's use. */
interface Use {
  readonly client: BerthClient;
  readonly container: string;
  readonly whenUnused: WhenUnused;
}

/** Tells the runtime host which container this window works in, so that it is stopped when no window does (`shutdownAction`). */
export class ContainerUse implements vscode.Disposable {
  readonly #services: () => Services;
  readonly #subscriptions: readonly vscode.Disposable[];
  #use: Use | undefined;
  #updating: Promise<void> | undefined;
  #again = false;

  /** `services` are complete when they are needed. */
  constructor(window: Services['window'], services: () => Services) {
    this.#services = services;
    this.#subscriptions = [
      window.onDidChange(() => this.#update()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration('berth.shutdownAction')) return;
        this.#use = undefined;
        this.#update();
      }),
    ];
  }

  /** One after the other; what changes meanwhile is looked at afterwards. */
  #update(): void {
    this.#again = true;
    this.#updating ??= this.#follow().finally(() => { this.#updating = undefined; });
  }

  async #follow(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const { session, window, log } = this.#services();
      const { client } = session;
      const container = window.inContainer && window.current?.state === 'running' ? window.current : undefined;
      try {
        if (client) await this.#tell(client, container);
      } catch (error) {
        // The connection is lost, or the container has ended in this moment: either is told, and looked at again.
        log.warn(`That this window uses its container could not be told: ${describe(error)}`);
      }
    }
  }

  async #tell(client: BerthClient, container: ContainerInfo | undefined): Promise<void> {
    const known = this.#use?.client === client ? this.#use : undefined;
    if (known && known.container !== container?.id) {
      this.#use = undefined;
      if (this.#services().session.container(known.container)) await client.containers.release(known.container);
    }
    if (!container || (known && known.container === container.id)) return;
    const whenUnused = await this.#wish(container);
    await client.containers.use(container.id, whenUnused);
    this.#use = { client, container: container.id, whenUnused };
  }

  async #wish(container: ContainerInfo): Promise<WhenUnused> {
    const folder = container.labels[workspaceLabel];
    const setting = vscode.workspace.getConfiguration('berth', folder === undefined ? undefined : uriOf(folder)).get<string>('shutdownAction', 'configured');
    const action = setting === 'configured' ? (await configOf(this.#services(), container))?.shutdownAction : setting;
    return action === 'stopContainer' ? 'stop' : 'nothing';
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}
