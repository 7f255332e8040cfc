import * as vscode from 'vscode';
import type { BerthClient } from '../../runtime-host/client/berthClient.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ForwardedPort } from '../../runtime-host/protocol/networks.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { whyEnded } from '../tasks/containerTasks.ts';
import { TaskTerminal } from '../tasks/taskTerminal.ts';
import { processOptions } from '../workspace/containerProcess.ts';
import type { FolderContainer } from '../workspace/folderContainer.ts';
import { announcedPort, choosePort, nodeProcess, type NodeLaunch } from './nodeLaunch.ts';

/** A line is longer than what an inspector says of itself. */
const rememberedOutput = 4096;

/** Terminals of programs that have ended, by the configuration's name: the next run takes the place of the last. */
const endedTerminals = new Map<string, vscode.Terminal>();

/** A program that runs in a container in a terminal of its own, and its inspector, if it has one. */
export class InspectedProgram {
  readonly #services: Services;
  readonly #place: FolderContainer;
  readonly #owned: vscode.Disposable[] = [];
  #pty: TaskTerminal | undefined;
  #forwarded: { readonly client: BerthClient; readonly port: ForwardedPort } | undefined;

  constructor(services: Services, place: FolderContainer) {
    this.#services = services;
    this.#place = place;
  }

  get #container(): ContainerInfo {
    return this.#place.container;
  }

  /**
   * Starts the program and waits until its inspector waits for a debugger, if it is to have one.
   * @param folder path of the session's folder on this machine
   * @param onEnded told once, also when it could not be started
   * @throws BerthError when it could not be started, or has ended before its inspector was there
   */
  async start(launch: NodeLaunch, options: { readonly name: string; readonly folder: string | undefined; readonly inspected: boolean; onEnded(exitCode: number | undefined): void }): Promise<void> {
    const { name, folder, inspected, onEnded } = options;
    const { log, listeners, forwards } = this.#services;
    const port = inspected ? choosePort(new Set(listeners.listeners(this.#container.id)?.map((listener) => listener.port))) : undefined;
    // For good: the program may listen a little longer than we want it to, and the port is nobody else's.
    if (port !== undefined) forwards.reserve(this.#container.id, port);
    const ready = Promise.withResolvers<void>();
    let failure: BerthError | undefined;
    let output = '';
    const pty = new TaskTerminal({
      keepOpen: true,
      start: async (size, signal) => {
        const client = await this.#services.session.connect();
        const request = nodeProcess(launch, this.#place.mapping, folder, port);
        const stream = await client.containers.exec(this.#container.id, await processOptions(this.#services, this.#container, { ...request, ...(size && { size }) }), { signal });
        if (port === undefined) ready.resolve();
        return { stream, rewriter: this.#place.mapping.rewriteOutput(), explainEnd: () => whyEnded(this.#services, this.#container.id, this.#container.name) };
      },
      onOutput: (text) => {
        output = (output + text).slice(-rememberedOutput);
        if (announcedPort(output) === port) ready.resolve();
      },
      onFailure: (error) => {
        failure = error;
        log.error(`Debugging in “${this.#container.name}”: ${describe(error)}`);
      },
      onEnded: (exitCode) => {
        if (terminal) endedTerminals.set(name, terminal);
        ready.reject(failure ?? new BerthError('CommandNotExecutable', `The program ended with code ${exitCode ?? 'none'} before it could be debugged. Its terminal says why.`));
        onEnded(exitCode);
      },
    });
    this.#pty = pty;
    endedTerminals.get(name)?.dispose();
    endedTerminals.delete(name);
    const terminal: vscode.Terminal = vscode.window.createTerminal({ name, iconPath: new vscode.ThemeIcon('debug'), isTransient: true, pty });
    terminal.show(true);
    await ready.promise;
    if (port !== undefined) await this.#forward(port);
  }

  /** Makes the inspector of a program that runs reachable on this machine's loopback, until {@link stop}. */
  async attach(containerPort: number): Promise<void> {
    this.#owned.push(this.#services.forwards.reserve(this.#container.id, containerPort));
    await this.#forward(containerPort);
  }

  async #forward(containerPort: number): Promise<void> {
    const client = await this.#services.session.connect();
    this.#forwarded = { client, port: await client.ports.forward(this.#container.id, containerPort) };
  }

  /** Where the inspector is on this machine's loopback. */
  get inspectorPort(): number | undefined {
    return this.#forwarded?.port.hostPort;
  }

  /** Ends the program, if it runs, and what was opened for it. Its terminal stays to be read. */
  async stop(): Promise<void> {
    this.#pty?.close();
    const forwarded = this.#forwarded;
    this.#forwarded = undefined;
    try {
      // The container may be gone, and its forwards with it.
      await forwarded?.client.ports.stopForward(this.#container.id, forwarded.port.hostPort, { hostAddress: forwarded.port.hostAddress });
    } catch (error) {
      this.#services.log.debug(`The inspector’s port: ${describe(error)}`);
    } finally {
      for (const owned of this.#owned.splice(0)) owned.dispose();
    }
  }
}
