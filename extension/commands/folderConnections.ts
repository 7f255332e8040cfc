import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { clientProxies } from '../../runtime-host/protocol/values/hostValues.ts';
import type { ContainerSpec } from '../../runtime-host/protocol/types.ts';
import type { Connections } from '../../runtime-host/devcontainer/connections.ts';
import { settingProxies } from '../config/proxies.ts';
import { uriOf } from '../windowContainer.ts';

/** How a new container is connected: what its configuration says, and what is this machine's to pass on. */
export function folderConnections({ options, hostname, proxies, sshAgent }: Connections, folder: string): Partial<ContainerSpec> {
  const uri = uriOf(folder);
  const wantsAgent = sshAgent ?? vscode.workspace.getConfiguration('berth', uri).get<boolean>('forwardSshAgent', false);
  const agent = wantsAgent ? agentSocket() : undefined;
  const passed = proxies ? machineProxies() : {};
  return {
    ...options,
    ...(hostname !== undefined && { hostname }),
    ...(Object.keys(passed).length > 0 && { proxies: passed }),
    ...(agent !== undefined && { sshAgent: agent }),
  };
}

/** The environment's, or else VS Code's own. */
function machineProxies(): Record<string, string> {
  const http = vscode.workspace.getConfiguration('http');
  const setting = (name: string): string => http.get<string>(name) ?? '';
  const fromEnvironment = clientProxies(process.env);
  if (Object.keys(fromEnvironment).some((name) => !/^no_proxy$/i.test(name))) return fromEnvironment;
  return setting('proxySupport') === 'off' ? {} : settingProxies(setting('proxy'), http.get<readonly string[]>('noProxy') ?? []);
}

/** A terminal would say that there is no agent; here there is just none to pass on. */
function agentSocket(): string | undefined {
  const path = process.env['SSH_AUTH_SOCK'];
  if (!path || !isAbsolute(path)) return undefined;
  return statSync(path, { throwIfNoEntry: false })?.isSocket() ? path : undefined;
}
