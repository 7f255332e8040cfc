import * as vscode from 'vscode';
import type { PortAttributes } from '../../runtime-host/devcontainer/portAttributes.ts';
import { browserAddress } from './portEntries.ts';

type HostPort = Parameters<typeof browserAddress>[0];

/** Opens a port of this machine in the person's browser, wherever that runs. */
export async function openInBrowser(host: HostPort, { protocol = 'http' }: PortAttributes): Promise<void> {
  await vscode.env.openExternal(vscode.Uri.parse(browserAddress(host, protocol)));
}

/** Opens it within VS Code, with the browser that it brings, or in the person's where it brings none. */
export async function openPreview(host: HostPort, attributes: PortAttributes): Promise<void> {
  if (!vscode.extensions.getExtension('vscode.simple-browser')) return openInBrowser(host, attributes);
  const address = await vscode.env.asExternalUri(vscode.Uri.parse(browserAddress(host, attributes.protocol ?? 'http')));
  await vscode.commands.executeCommand('simpleBrowser.show', address.toString(true));
}
