import * as vscode from 'vscode';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { Services } from '../context.ts';
import { describe } from '../errors.ts';
import { folderContainer } from '../workspace/folderContainer.ts';
import { InspectedProgram } from './inspectedProgram.ts';
import { attachConfiguration, readNodeLaunch } from './nodeLaunch.ts';

/** A request of the Debug Adapter Protocol (https://microsoft.github.io/debug-adapter-protocol/specification). */
interface Request {
  readonly seq: number;
  readonly type: string;
  readonly command: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/**
 * A session of the type `container-node`, as a debug adapter within the extension. It only looks after the program: the
 * debugging itself is a child session of VS Code's own debugger for Node, which talks to the program's inspector. Stop
 * and Restart come here.
 */
export class NodeSession implements vscode.DebugAdapter {
  readonly #services: Services;
  readonly #session: vscode.DebugSession;
  readonly #messages = new vscode.EventEmitter<vscode.DebugProtocolMessage>();
  #program: InspectedProgram | undefined;
  #seq = 0;
  #over = false;

  readonly onDidSendMessage = this.#messages.event;

  constructor(services: Services, session: vscode.DebugSession) {
    this.#services = services;
    this.#session = session;
  }

  handleMessage(message: vscode.DebugProtocolMessage): void {
    const request = message as Request;
    if (request.type === 'request') void this.#answer(request);
  }

  async #answer(request: Request): Promise<void> {
    try {
      const body = await this.#handle(request);
      this.#send({ type: 'response', request_seq: request.seq, command: request.command, success: true, body });
      if (request.command === 'initialize') this.#send({ type: 'event', event: 'initialized' });
      if (request.command === 'launch' || request.command === 'attach') await this.#debug().catch((error: unknown) => this.#giveUp(error));
    } catch (error) {
      this.#services.log.error(`Debugging: ${describe(error)}`);
      const { message } = BerthError.from(error);
      this.#send({ type: 'response', request_seq: request.seq, command: request.command, success: false, message, body: { error: { id: 1, format: message.replaceAll('{', '').replaceAll('}', ''), showUser: true } } });
    }
  }

  /** Breakpoints, threads and the like are the child session's. */
  async #handle({ command, arguments: given = {} }: Request): Promise<unknown> {
    switch (command) {
      case 'initialize': return { supportsConfigurationDoneRequest: true, supportsTerminateRequest: false, supportTerminateDebuggee: true };
      case 'launch':
      case 'attach': return this.#start(given['noDebug'] === true);
      case 'setBreakpoints': return { breakpoints: (given['breakpoints'] as unknown[] | undefined ?? []).map(() => ({ verified: false })) };
      case 'setFunctionBreakpoints':
      case 'setExceptionBreakpoints': return { breakpoints: [] };
      case 'threads': return { threads: [] };
      case 'configurationDone': return {};
      case 'disconnect': {
        this.#end();
        await this.#program?.stop();
        return {};
      }
      default: throw new BerthError('InvalidArgument', `A program in a container cannot be asked for “${command}” here.`);
    }
  }

  async #start(noDebug: boolean): Promise<void> {
    const { configuration, workspaceFolder } = this.#session;
    const launch = readNodeLaunch(configuration);
    const program = new InspectedProgram(this.#services, await folderContainer(this.#services, workspaceFolder?.uri));
    this.#program = program;
    if (launch.request === 'attach') {
      await program.attach(launch.port);
      return;
    }
    try {
      await program.start(launch, {
        name: configuration.name, folder: workspaceFolder?.uri.fsPath, inspected: !noDebug,
        onEnded: (exitCode) => {
          if (exitCode !== undefined) this.#send({ type: 'event', event: 'exited', body: { exitCode } });
          this.#end();
          void program.stop();
        },
      });
    } catch (error) {
      await program.stop();
      throw error;
    }
  }

  /** Lets VS Code's own debugger take over. */
  async #debug(): Promise<void> {
    const port = this.#program?.inspectorPort;
    if (port === undefined || this.#over) return; // Without debugging there is none, and a quick program may have ended.
    const { configuration, workspaceFolder } = this.#session;
    const { mapping } = await folderContainer(this.#services, workspaceFolder?.uri);
    const attach = attachConfiguration(configuration, mapping, workspaceFolder?.uri.fsPath, port);
    const begun = await vscode.debug.startDebugging(workspaceFolder, attach as vscode.DebugConfiguration, {
      parentSession: this.#session, lifecycleManagedByParent: true, compact: true, consoleMode: vscode.DebugConsoleMode.MergeWithParent,
    });
    if (begun) return;
    this.#end();
    await this.#program?.stop();
  }

  /** The request has been answered: the user would not hear of it, and the program would wait for ever. */
  async #giveUp(error: unknown): Promise<void> {
    this.#services.log.error(`Debugging: ${describe(error)}`);
    void vscode.window.showErrorMessage(BerthError.from(error).message);
    this.#end();
    await this.#program?.stop();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#send({ type: 'event', event: 'terminated' });
  }

  #send(message: object): void {
    this.#seq += 1;
    this.#messages.fire({ seq: this.#seq, ...message });
  }

  /** VS Code lets go of the session, also when the window goes. */
  dispose(): void {
    this.#over = true;
    void this.#program?.stop();
    this.#messages.dispose();
  }
}
