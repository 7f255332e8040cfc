import * as vscode from 'vscode';
import { BaseLanguageClient, CloseAction, ErrorAction, RevealOutputChannelOn, type InitializeParams, type MessageTransports } from 'vscode-languageclient';
import { StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type { HostStream } from '../../runtime-host/client/index.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { UriMapping } from './guestDocuments.ts';
import { globOf, type ServerSetting } from './serverSettings.ts';

/*
 * Part of the bundle with vscode-languageclient: nothing in the extension may import this module but languageLink.ts.
 */

export interface ServerClientOptions {
  readonly setting: ServerSetting;
  readonly folder: vscode.WorkspaceFolder;
  readonly uris: UriMapping;
  readonly output: vscode.LogOutputChannel;
  /** Runs the server in the container. */
  run(): Promise<HostStream>;
  /** Whether the container's run goes on: then a server that has ended is started again. */
  goesOn(): Promise<boolean>;
}

/** A language client that has begun. */
export interface RunningServer {
  dispose(): Promise<void>;
}

/** More often it is of no use: the server is broken. */
const mostRestarts = 4;

/**
 * Starts a language server in a container and connects VS Code with it.
 * @throws BerthError when it cannot be started
 */
export async function startServer(options: ServerClientOptions): Promise<RunningServer> {
  const client = new ServerClient(options);
  try {
    await client.start();
  } catch (error) {
    await client.dispose().catch((failure: unknown) => options.output.debug(String(failure)));
    throw client.failure ?? BerthError.from(error);
  }
  return { dispose: () => client.end() };
}

class ServerClient extends BaseLanguageClient {
  readonly #options: ServerClientOptions;
  #stream: HostStream | undefined;
  #ending = false;
  /** What kept it from being started. */
  failure: BerthError | undefined;

  constructor(options: ServerClientOptions) {
    const { setting, folder, uris, output } = options;
    const directory = globOf(folder.uri.fsPath);
    let usual: ReturnType<BaseLanguageClient['createDefaultErrorHandler']> | undefined;
    super(`berth.${setting.name}`, setting.name, {
      documentSelector: [
        ...setting.languages.map((language) => ({ scheme: 'file', language, pattern: `${directory}/**` })),
        ...setting.patterns.map((pattern) => ({ scheme: 'file', pattern: `${directory}/${pattern}` })),
      ],
      workspaceFolder: folder,
      uriConverters: { code2Protocol: (uri) => uris.toGuest(uri), protocol2Code: (text) => uris.toHost(text) },
      outputChannel: output,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: setting.initializationOptions,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: (error, message, count) => usual?.error(error, message, count) ?? { action: ErrorAction.Continue },
        closed: async () => {
          usual ??= this.createDefaultErrorHandler(mostRestarts);
          if (this.#ending || !(await options.goesOn())) return { action: CloseAction.DoNotRestart, handled: true };
          return usual.closed();
        },
      },
    });
    this.#options = options;
  }

  protected override async createMessageTransports(): Promise<MessageTransports> {
    try {
      const stream = await this.#options.run();
      this.#stream = stream;
      this.#watch(stream);
      return { reader: new StreamMessageReader(stream.stdout), writer: new StreamMessageWriter(stream.stdin) };
    } catch (error) {
      this.failure = BerthError.from(error);
      throw error;
    }
  }

  #watch(stream: HostStream): void {
    const { output } = this.#options;
    let rest = '';
    stream.stderr.setEncoding('utf8');
    stream.stderr.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) output.info(line);
    });
    stream.status.then(
      ({ exitCode }) => { if (!this.#ending) output.warn(`${rest}\nThe server ended with code ${exitCode}.`.trimStart()); },
      (error: unknown) => {
        this.failure = BerthError.from(error);
        if (!this.#ending) output.warn(this.failure.message);
      },
    );
  }

  /** The one path that is no URI. */
  protected override fillInitializeParams(params: InitializeParams): void {
    super.fillInitializeParams(params);
    if (typeof params.rootUri === 'string') params.rootPath = vscode.Uri.parse(params.rootUri).fsPath;
  }

  /** Asks it to end, and hangs it up when it does not. */
  async end(): Promise<void> {
    this.#ending = true;
    try {
      await this.dispose();
    } catch (error) {
      this.#options.output.debug(String(error)); // Its container may have gone first.
    } finally {
      this.#stream?.close();
    }
  }

  /** What concerns the connection is in the server's own log. */
  override error(message: string, data?: unknown, _showNotification?: boolean | 'force'): void {
    this.#options.output.error(data === undefined ? message : `${message} ${String(data)}`);
  }
}
