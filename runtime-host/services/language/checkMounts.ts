import { access } from 'node:fs/promises';
import type { Diagnostic } from 'vscode-json-languageservice';
import { getNodeValue, type Node } from 'jsonc-parser';
import { parseMount } from '../../devcontainer/mountSyntax.ts';
import { substitute } from '../../devcontainer/variables.ts';
import type { ConfigurationDocument } from './configurationDocument.ts';
import { diagnosticCodes, diagnosticSource } from './diagnosticCodes.ts';
import { DiagnosticSeverity } from './jsonLibrary.ts';

/** Mounts whose folder on this machine is not there. */
export async function checkMounts(document: ConfigurationDocument, environment: NodeJS.ProcessEnv): Promise<Diagnostic[]> {
  const checked = await Promise.all(document.elements('mounts').map(async (node): Promise<Diagnostic[]> => {
    const source = mountSource(document, node, environment);
    if (source === undefined || (await isThere(source))) return [];
    return [{
      range: document.rangeOf(node), message: `There is no folder ${source} on this machine.`, severity: DiagnosticSeverity.Warning,
      code: diagnosticCodes.mountSource, source: diagnosticSource, data: { path: source },
    }];
  }));
  return checked.flat();
}

/** The folder of this machine that a mount is about; undefined for volumes, and for what cannot be understood, about which others complain. */
function mountSource(document: ConfigurationDocument, node: Node, environment: NodeJS.ProcessEnv): string | undefined {
  if (document.folder === undefined) return undefined;
  try {
    const value = parseMount(substitute(getNodeValue(node) as unknown, { localFolder: document.folder, localEnv: environment }, 'devcontainer.json'));
    return value.kind === 'bind' && !value.mount.source.includes('${') ? value.mount.source : undefined;
  } catch {
    return undefined;
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(() => true, (error: NodeJS.ErrnoException) => error.code !== 'ENOENT' && error.code !== 'ENOTDIR');
}
