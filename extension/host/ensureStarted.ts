import * as vscode from 'vscode';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { abortSignal } from '../cancellation.ts';
import type { Services } from '../context.ts';
import { ProgressBar } from './progress.ts';

/** Starts a container that is not running, with progress that can be cancelled. */
export async function ensureStarted({ session }: Services, container: ContainerInfo): Promise<ContainerInfo> {
  if (container.state === 'running') return container;
  const client = await session.connect();
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Starting ${container.name}`, cancellable: true },
    async (progress, token) => {
      const abort = abortSignal(token);
      try {
        return await client.containers.start(container.id, { signal: abort.signal, progress: new ProgressBar(progress).share(0, 100) });
      } finally {
        abort.dispose();
      }
    },
  );
}
