import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { isNodeError } from '../../runtime-host/protocol/errors.ts';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { realPathOf, workspaceLabel } from '../windowContainer.ts';
import { PathMapping, type KnownFolder } from '../workspace/pathMapping.ts';
import { pathLinks, type PathLink } from './pathLinks.ts';
import type { ShellTerminals } from './shellTerminals.ts';

/** A line with more is no line that somebody reads. */
const mostLinks = 20;

class GuestLink extends vscode.TerminalLink {
  readonly file: vscode.Uri;
  readonly place: PathLink;

  constructor(place: PathLink, file: vscode.Uri) {
    super(place.start, place.length, 'Open file in editor');
    this.place = place;
    this.file = file;
  }
}

/** Makes links of the container's paths in its terminals' lines, to the files of this machine that they are. */
export function registerGuestLinks(shells: ShellTerminals): vscode.Disposable {
  const provider: vscode.TerminalLinkProvider<GuestLink> = {
    provideTerminalLinks: async ({ line, terminal }) => {
      const container = shells.containerOf(terminal);
      if (!container) return [];
      const mapping = PathMapping.of(container, knownFolders());
      const root = rootOf(container, mapping);
      const directories = [...new Set([terminal.shellIntegration?.cwd?.path ?? root, root])];
      const links = await Promise.all(pathLinks(line).slice(0, mostLinks).map(async (place) => {
        const file = await fileOf(directories.map((directory) => mapping.toHost(posix.resolve(directory, place.path))));
        return file === undefined ? [] : [new GuestLink(place, vscode.Uri.file(file))];
      }));
      return links.flat();
    },
    handleTerminalLink: async ({ file, place: { line = 1, column = 1 } }) => {
      const position = new vscode.Position(line - 1, column - 1);
      await vscode.window.showTextDocument(file, { selection: new vscode.Range(position, position) });
    },
  };
  return vscode.window.registerTerminalLinkProvider(provider);
}

/** Where the folder is in its container: what relative paths may mean as well. */
function rootOf({ labels, workingDirectory }: ContainerInfo, mapping: PathMapping): string {
  const folder = labels[workspaceLabel];
  return (folder !== undefined && mapping.toGuest(folder)) || workingDirectory || '/';
}

function knownFolders(): KnownFolder[] {
  return (vscode.workspace.workspaceFolders ?? []).flatMap(({ uri }) => {
    const realPath = realPathOf(uri);
    return realPath === undefined ? [] : [{ path: uri.fsPath, realPath }];
  });
}

/** The first of these that is a file. */
async function fileOf(paths: readonly (string | undefined)[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      if (path !== undefined && (await stat(path)).isFile()) return path;
    } catch (error) {
      if (!isNodeError(error)) throw error; // Whatever keeps us from it, it is no link.
    }
  }
  return undefined;
}
