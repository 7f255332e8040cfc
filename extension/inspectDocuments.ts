import * as vscode from 'vscode';
import type { BerthClient } from '../runtime-host/client/berthClient.ts';
import { BerthError, type ErrorCode } from '../runtime-host/protocol/errors.ts';
import type { HostSession } from './host/hostSession.ts';

export const inspectScheme = 'berth-inspect';

/** What can be looked at; a container is one when nothing is said. */
type Kind = 'container' | 'image' | 'volume' | 'network';

const look: { readonly [K in Kind]: (client: BerthClient, key: string) => Promise<unknown> } = {
  container: (client, key) => client.containers.inspect(key),
  image: (client, key) => client.images.inspect(key),
  volume: (client, key) => client.volumes.inspect(key),
  network: (client, key) => client.networks.inspect(key),
};

const gone: readonly ErrorCode[] = ['ContainerNotFound', 'ImageNotFound', 'VolumeNotFound', 'NetworkNotFound'];

/** The address of a read-only JSON document that shows one thing; it ends in `.json` so that VS Code colours it. */
export function inspectUri(kind: Kind, title: string, key: string): vscode.Uri {
  return vscode.Uri.from({ scheme: inspectScheme, path: `/${title.replaceAll('/', '∕')}.json`, query: key, fragment: kind });
}

/** Shows what the host knows about a container, an image, a volume or a network, and follows changes. */
export class InspectDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #session: HostSession;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #subscription: vscode.Disposable;

  readonly onDidChange = this.#changed.event;

  constructor(session: HostSession) {
    this.#session = session;
    this.#subscription = session.onDidChange((what) => {
      // A document that is only open must not start a host that was stopped.
      if (what === 'state' || session.state === 'lost' || session.state === 'failed') return;
      for (const { uri } of vscode.workspace.textDocuments) {
        // Who uses a volume or a network is said by the containers.
        if (uri.scheme === inspectScheme && (what === 'containers' || uri.fragment === what.slice(0, -1))) this.#changed.fire(uri);
      }
    });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const client = await this.#session.connect();
    const kind = uri.fragment in look ? (uri.fragment as Kind) : 'container';
    const info = await look[kind](client, uri.query).catch((error: unknown) => {
      if (!(error instanceof BerthError) || !gone.includes(error.code)) throw error;
      return { [kind === 'container' ? 'id' : kind === 'image' ? 'reference' : 'name']: uri.query, state: 'removed' };
    });
    return `${JSON.stringify(info, undefined, 2)}\n`;
  }

  dispose(): void {
    this.#changed.dispose();
    this.#subscription.dispose();
  }
}
