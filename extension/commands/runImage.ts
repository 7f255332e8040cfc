import * as vscode from 'vscode';
import type { ContainerSpec } from '../../runtime-host/protocol/types.ts';
import type { Services } from '../context.ts';
import { ProgressBar } from '../host/progress.ts';
import type { ContainerTerminals } from '../terminals/containerTerminals.ts';
import { shortImage } from '../views/format.ts';

/** Makes a container of an image, which runs what the image says, and starts it. It sees no folder of this machine. */
export async function runImage({ session }: Services, terminals: ContainerTerminals, reference: string): Promise<void> {
  const kind = await vscode.window.showQuickPick<vscode.QuickPickItem & { readonly spec: Partial<ContainerSpec> }>([
    { label: '$(terminal) In a Terminal', description: 'what the image runs gets a terminal in this window', spec: { terminal: true, stdin: true } },
    { label: '$(server-process) In the Background', description: 'its output is in the container’s log', spec: {} },
  ], { title: `Run ${shortImage(reference)}`, placeHolder: 'How is it run?', matchOnDescription: true });
  if (!kind) return;
  const client = await session.connect();
  const container = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: `Starting a container of ${shortImage(reference)}` }, async (progress) => {
    const bar = new ProgressBar(progress);
    const created = await client.containers.create({ ...kind.spec, image: reference }, { progress: bar.share(0, 60) });
    return client.containers.start(created.id, { progress: bar.share(60, 100) });
  });
  if (kind.spec.terminal) terminals.attach(container);
}
