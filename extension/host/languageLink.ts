import * as vscode from 'vscode';
import { BaseLanguageClient, CloseAction, ErrorAction, RevealOutputChannelOn, type MessageTransports } from 'vscode-languageclient';
import { BerthClient, connect, connectTransport, type HostTransport, type RequestChannel } from '../../runtime-host/client/index.ts';
import type { LanguageOptions } from '../../runtime-host/protocol/language.ts';
import { describe } from '../errors.ts';
import { configurationSelector } from '../language/configurationSelector.ts';
import type { HostLink } from './hostLink.ts';

export { startServer } from '../languageServers/serverClient.ts';

/*
 * A bundle of its own, loaded on first use, because of the size of vscode-languageclient: nothing in the extension may
 * import this module but by `import()`.
 */

export interface LinkOptions {
  /** The runtime host's program. */
  readonly hostPath: string;
  readonly log: vscode.LogOutputChannel;
  readonly onLost: () => void;
}

/**
 * Connects to the runtime host, starting it with VS Code's own Node when none runs.
 * @throws BerthError HostUnreachable, VersionMismatch
 */
export async function openLink({ hostPath, log, onLost }: LinkOptions): Promise<HostLink> {
  const transport = await connectTransport({
    nodePath: process.execPath,
    hostPath,
    environment: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
  const languageClient = new HostLanguageClient(transport, log, onLost);
  try {
    await languageClient.start();
  } catch (error) {
    transport.close();
    throw error;
  }
  log.debug(`The runtime host is version ${transport.hostVersion}; its data is in ${transport.paths.home}.`);
  return {
    client: new BerthClient(languageClient as RequestChannel, transport),
    refreshLenses: () => languageClient.refreshLenses(),
    dispose: async () => {
      try {
        await languageClient.dispose();
      } finally {
        transport.close();
      }
    },
  };
}

/**
 * Ends the runtime host, of whatever version it is, and waits until it has gone. Containers go on.
 * @throws BerthError HostUnreachable when it does not answer
 */
export async function stopHost(): Promise<void> {
  const host = await connect({ start: false, anyVersion: true });
  const gone = new Promise<void>((resolve) => host.onDidClose(resolve));
  await host.system.stop();
  await gone;
}

/** A language client whose server is the runtime host, reached over a WebSocket that is already open. */
class HostLanguageClient extends BaseLanguageClient {
  readonly #transport: HostTransport;
  readonly #log: vscode.LogOutputChannel;

  constructor(transport: HostTransport, log: vscode.LogOutputChannel, onLost: () => void) {
    super('berth', 'Berth', {
      documentSelector: [...configurationSelector],
      initializationOptions: { asksRegistries: vscode.workspace.isTrusted } satisfies LanguageOptions,
      outputChannel: log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          onLost();
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    });
    this.#transport = transport;
    this.#log = log;
  }

  refreshLenses(): void {
    for (const document of vscode.workspace.textDocuments) this.getFeature('textDocument/codeLens').getProvider(document)?.onDidChangeCodeLensEmitter.fire();
  }

  protected override createMessageTransports(): Promise<MessageTransports> {
    return Promise.resolve(this.#transport);
  }

  /** Errors of the connection are shown by whoever needed it; here they only go to the log. */
  override error(message: string, data?: unknown): void {
    this.#log.debug(data === undefined ? message : `${message} ${describe(data)}`);
  }
}
