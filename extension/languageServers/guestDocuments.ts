import * as vscode from 'vscode';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { Services } from '../context.ts';
import { processOptions } from '../workspace/containerProcess.ts';
import type { PathMapping } from '../workspace/pathMapping.ts';

/** Files that only the container has, such as a library's sources: read-only, for going to a definition. */
export const guestScheme = 'berth-container';

/** The most that is shown of one; larger ones are no sources. */
const mostBytes = 16 * 1024 * 1024;

/** How documents are called in the window and by what runs in the container. */
export interface UriMapping {
  toGuest(uri: vscode.Uri): string;
  toHost(uri: string): vscode.Uri;
}

export function uriMapping(mapping: PathMapping, containerId: string): UriMapping {
  return {
    toGuest: (uri) => {
      if (uri.scheme === guestScheme && uri.authority === containerId) return vscode.Uri.file(uri.path).toString();
      const path = uri.scheme === 'file' ? mapping.toGuest(uri.fsPath) : undefined;
      return path === undefined ? uri.toString() : vscode.Uri.file(path).toString();
    },
    toHost: (text) => {
      const uri = vscode.Uri.parse(text);
      if (uri.scheme !== 'file') return uri;
      const path = mapping.toHost(uri.fsPath);
      return path === undefined ? uri.with({ scheme: guestScheme, authority: containerId }) : vscode.Uri.file(path);
    },
  };
}

export class GuestDocuments implements vscode.TextDocumentContentProvider {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const client = await this.#services.session.connect();
    const container = this.#services.session.container(uri.authority);
    if (container?.state !== 'running') throw new BerthError('ContainerNotRunning', 'This file is in a container that does not run.');
    const stream = await client.containers.exec(container.id, await processOptions(this.#services, container, { command: ['head', '-c', String(mostBytes), '--', uri.path] }));
    stream.stderr.resume();
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream.stdout as AsyncIterable<Uint8Array>) chunks.push(chunk);
    const { exitCode } = await stream.status;
    if (exitCode !== 0) throw new BerthError('PathNotFound', `${uri.path} cannot be read in the container “${container.name}”.`);
    return Buffer.concat(chunks).toString('utf8');
  }
}
