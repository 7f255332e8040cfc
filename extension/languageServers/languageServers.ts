import * as vscode from 'vscode';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { taskProcess } from '../tasks/taskCommand.ts';
import { realPathOf } from '../windowContainer.ts';
import { processOptions } from '../workspace/containerProcess.ts';
import { windowMapping } from '../workspace/folderContainer.ts';
import { uriMapping } from './guestDocuments.ts';
import type { RunningServer, ServerClientOptions } from './serverClient.ts';
import { readServerSettings, type ServerSetting } from './serverSettings.ts';

interface Wanted {
  readonly folder: vscode.WorkspaceFolder;
  readonly container: ContainerInfo;
  readonly setting: ServerSetting;
}

/**
 * Runs the language servers of the setting `berth.languageServers` in the containers of this window's folders: each from
 * when its container runs until that ends, and anew when the setting has changed. They start no container.
 */
export class LanguageServers implements vscode.Disposable {
  readonly #services: Services;
  readonly #start: (options: ServerClientOptions) => Promise<RunningServer>;
  /** By what they were started for; undefined: it could not be started, which is not tried again for the same. */
  readonly #servers = new Map<string, RunningServer | undefined>();
  readonly #outputs = new Map<string, vscode.LogOutputChannel>();
  readonly #subscriptions: readonly vscode.Disposable[];
  #running: Promise<void> | undefined;
  #again = false;
  #disposed = false;
  #told = '';

  constructor(services: Services, start: (options: ServerClientOptions) => Promise<RunningServer>) {
    this.#services = services;
    this.#start = start;
    const update = (): void => this.#update();
    this.#subscriptions = [
      services.window.onDidChange(update),
      vscode.workspace.onDidGrantWorkspaceTrust(update),
      vscode.workspace.onDidChangeWorkspaceFolders(update),
      vscode.workspace.onDidChangeConfiguration((change) => { if (change.affectsConfiguration('berth.languageServers')) update(); }),
    ];
  }

  /** One after the other: what is started may have to be ended again. */
  #update(): void {
    this.#again = true;
    this.#running ??= this.#run().finally(() => { this.#running = undefined; });
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const wanted = this.#disposed ? new Map<string, Wanted>() : this.#wanted();
      for (const [key, server] of this.#servers) {
        if (wanted.has(key)) continue;
        this.#servers.delete(key);
        await server?.dispose();
      }
      for (const [key, each] of wanted) if (!this.#servers.has(key)) this.#servers.set(key, await this.#try(each));
    }
  }

  #wanted(): Map<string, Wanted> {
    const { window } = this.#services;
    const wanted = new Map<string, Wanted>();
    if (!vscode.workspace.isTrusted || !window.inContainer) return wanted;
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      const realPath = realPathOf(folder.uri);
      const container = realPath === undefined ? undefined : window.forFolder(realPath);
      if (container?.state !== 'running') continue;
      const { servers, problems } = readServerSettings(vscode.workspace.getConfiguration('berth', folder).get('languageServers'));
      this.#tell(problems);
      for (const setting of servers) {
        wanted.set(JSON.stringify([folder.uri.toString(), container.id, container.startedAt, setting]), { folder, container, setting });
      }
    }
    return wanted;
  }

  /** The same problems once. */
  #tell(problems: readonly string[]): void {
    const text = problems.join(' ');
    if (text === this.#told) return;
    this.#told = text;
    if (text === '') return;
    const open = 'Open Settings';
    vscode.window.showWarningMessage(text, open).then((answer) => {
      if (answer === open) void vscode.commands.executeCommand('workbench.action.openSettings', 'berth.languageServers');
    }, (error: unknown) => this.#services.log.error(describe(error)));
  }

  async #try({ folder, container, setting }: Wanted): Promise<RunningServer | undefined> {
    const mapping = windowMapping(container);
    const output = this.#outputOf(setting.name);
    try {
      return await this.#start({
        setting, folder, output, uris: uriMapping(mapping, container.id),
        run: async () => {
          const client = await this.#services.session.connect();
          const [program = '', ...args] = setting.command;
          const { cwd, env } = setting;
          const request = taskProcess({ command: program, args, env, mapPaths: false, ...(cwd !== undefined && { cwd }) }, mapping, folder.uri.fsPath);
          return client.containers.exec(container.id, await processOptions(this.#services, container, { ...request, terminal: false, stdin: true }));
        },
        goesOn: () => this.#goesOn(container),
      });
    } catch (error) {
      output.error(describe(error));
      if (await this.#goesOn(container)) this.#warn(setting, BerthError.from(error), output);
      return undefined;
    }
  }

  #warn({ name }: ServerSetting, error: BerthError, output: vscode.LogOutputChannel): void {
    const show = 'Show Output';
    vscode.window.showWarningMessage(`The language server “${name}” could not be started in the container. ${error.message}`, show).then((answer) => {
      if (answer === show) output.show();
    }, (failure: unknown) => this.#services.log.error(describe(failure)));
  }

  /** The host is asked, because what it tells by itself may come later than the end of the server's streams. */
  async #goesOn({ id, startedAt }: ContainerInfo): Promise<boolean> {
    if (this.#disposed) return false;
    try {
      const now = await this.#services.session.client?.containers.inspect(id);
      return now?.state === 'running' && now.startedAt === startedAt;
    } catch (error) {
      this.#services.log.debug(`Language servers: ${describe(error)}`);
      return false;
    }
  }

  #outputOf(name: string): vscode.LogOutputChannel {
    const known = this.#outputs.get(name);
    if (known) return known;
    const output = vscode.window.createOutputChannel(`${name} (Berth)`, { log: true });
    this.#outputs.set(name, output);
    return output;
  }

  dispose(): void {
    this.#disposed = true;
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#update();
    void this.#running?.finally(() => { for (const output of this.#outputs.values()) output.dispose(); });
  }
}
