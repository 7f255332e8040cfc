import * as vscode from 'vscode';
import type { ContainerInfo } from '../runtime-host/protocol/types.ts';
import type { HostSession } from './host/hostSession.ts';

export const inspectScheme = 'berth-inspect';

/** The address of a read-only JSON document that shows a container; it ends in `.json` so that VS Code colours it. */
export function inspectUri(container: ContainerInfo): vscode.Uri {
  return vscode.Uri.from({ scheme: inspectScheme, path: `/${container.name}.json`, query: container.id });
}

/** Shows what the host knows about a container, and follows its changes. */
export class InspectDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #session: HostSession;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #subscription: vscode.Disposable;

  readonly onDidChange = this.#changed.event;

  constructor(session: HostSession) {
    this.#session = session;
    this.#subscription = session.onDidChange((what) => {
      // A document that is only open must not start a host that was stopped.
      if (what !== 'containers' || session.state === 'lost' || session.state === 'failed') return;
      for (const document of vscode.workspace.textDocuments) {
        if (document.uri.scheme === inspectScheme) this.#changed.fire(document.uri);
      }
    });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    await this.#session.connect();
    const container = this.#session.container(uri.query);
    return `${JSON.stringify(container ?? { id: uri.query, state: 'removed' }, undefined, 2)}\n`;
  }

  dispose(): void {
    this.#changed.dispose();
    this.#subscription.dispose();
  }
}
