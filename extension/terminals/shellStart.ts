import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ContainerInfo, TerminalSize } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { uriOf, workspaceLabel } from '../windowContainer.ts';
import { probedEnvironment } from '../workspace/containerProcess.ts';
import type { ProcessRequest } from '../workspace/execOptions.ts';

/** Shells that can tell VS Code of their prompts, by the endings of media/shellIntegration/init.*. */
const shells = ['bash', 'zsh', 'fish', 'sh'] as const;

let texts: Promise<readonly string[]> | undefined;

/**
 * The user's shell in a container, as `berth.terminal.shell` and `berth.terminal.shellIntegration` want it. A login shell would
 * set PATH anew; where its environment is known already, none is needed.
 */
export async function shellStart(services: Services, container: ContainerInfo, size: TerminalSize | undefined): Promise<ProcessRequest> {
  const folder = container.labels[workspaceLabel];
  const settings = vscode.workspace.getConfiguration('berth.terminal', folder === undefined ? undefined : uriOf(folder));
  const read = (name: string): Promise<string> => readFile(join(services.context.extensionPath, 'media', 'shellIntegration', name), 'utf8');
  texts ??= Promise.all(['start.sh', ...shells.map((shell) => `init.${shell}`)].map(read));
  const [start = '', ...inits] = await texts;
  const isProbed = (await probedEnvironment(services, container)).length > 0;
  const integrates = settings.get('shellIntegration', true);
  return {
    command: ['/bin/sh', '-c', start, 'berth'],
    env: {
      BERTH_LOGIN: isProbed ? '' : '1',
      BERTH_SHELL: settings.get('shell', '').trim(),
      ...Object.fromEntries(shells.map((shell, index) => [`BERTH_INIT_${shell.toUpperCase()}`, (integrates && inits[index]) || ''])),
    },
    terminal: true,
    ...(size ? { size } : {}),
  };
}
