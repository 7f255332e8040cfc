import { closeSync, openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { ProgressReport } from '../../base/progress.ts';
import type { DiskOptions } from '../../ext4/diskBuilder.ts';
import { DiskBuilder } from '../../ext4/diskBuilder.ts';
import type { LayerSource } from '../../ext4/layers/unpackLayers.ts';
import { unpackLayers } from '../../ext4/layers/unpackLayers.ts';
import type { ErrorPayload } from '../../protocol/errors.ts';
import { BerthError } from '../../protocol/errors.ts';

/*
 * The thread that turns layers into a disk, so that the host stays responsive. It is given its task when it starts,
 * reports while it works, takes any message as the wish to stop, and ends with one final report.
 */

export interface UnpackTask {
  readonly layers: readonly LayerSource[];
  /** The file to write; it must not exist. */
  readonly path: string;
  readonly disk: DiskOptions;
}

export type UnpackReport =
  | { readonly type: 'progress'; readonly report: ProgressReport }
  | { readonly type: 'done' }
  /** `detail` is for the log. */
  | { readonly type: 'failed'; readonly error: ErrorPayload; readonly detail: string };

const smallestStep = 0.005;

async function unpack(task: UnpackTask, signal: AbortSignal, send: (report: UnpackReport) => void): Promise<void> {
  const handle = openSync(task.path, 'wx', 0o600);
  const disk = new DiskBuilder(handle, task.disk);
  try {
    let last: ProgressReport | undefined;
    await unpackLayers(disk, task.layers, signal, (report) => {
      if (last?.message === report.message && (report.fraction ?? 0) - (last.fraction ?? 0) < smallestStep) return;
      last = report;
      send({ type: 'progress', report });
    });
    signal.throwIfAborted();
    send({ type: 'progress', report: { message: 'Writing the file system', fraction: 1 } });
    await disk.finish();
  } finally {
    await disk.release();
    closeSync(handle);
  }
}

const port = parentPort;
if (port === null) throw new Error('This module runs in a worker thread only.');
const abort = new AbortController();
port.once('message', () => abort.abort());
// Waiting for a wish to stop must not keep the thread alive when the work is done.
port.unref();
try {
  await unpack(workerData as UnpackTask, abort.signal, (report) => port.postMessage(report));
  port.postMessage({ type: 'done' } satisfies UnpackReport);
} catch (error) {
  const failure = BerthError.from(error);
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  port.postMessage({ type: 'failed', error: failure.toPayload(), detail } satisfies UnpackReport);
}
