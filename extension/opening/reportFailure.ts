import * as vscode from 'vscode';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { Services } from '../context.ts';
import { isCancellation, type ErrorReporter } from '../errors.ts';
import { showFile } from './afterOpening.ts';
import { chooseOtherImage } from './chooseImage.ts';
import type { Attempt } from './openFolder.ts';
import { reopenLocally } from './reopenLocally.ts';

/** Tries again, with changes to what was decided. */
type Again = (changes?: Partial<Attempt>) => Promise<void>;

/** Says why a folder was not opened, and offers what can be done. What the user has cancelled is said quietly. */
export function reportFailure(services: Services, errors: ErrorReporter, error: unknown, attempt: Attempt, again: Again): void {
  const { setupLog } = services;
  if (isCancellation(error)) {
    setupLog.step('Cancelled. Nothing was left half-made.');
    vscode.window.setStatusBarMessage('$(circle-slash) Opening in a container was cancelled', 5000);
    return;
  }
  setupLog.fail(BerthError.from(error).message);
  errors.report(error, {
    retry: () => again(),
    chooseImage: async () => {
      const image = await chooseOtherImage(services, failedReference(error));
      if (image !== undefined) await again({ image });
    },
    more: [
      { title: 'Retry', insteadOf: 'retry', run: () => again() },
      { title: 'Edit Configuration', insteadOf: 'openFile', run: () => editConfiguration(placeOf(error, attempt), again) },
      { title: 'Open Locally', run: () => reopenLocally(services) },
      { title: 'Show Log', insteadOf: 'showOutput', run: () => setupLog.show() },
    ],
  });
}

interface Place {
  readonly file?: string;
  /** The first is 1. */
  readonly line?: number;
}

/** Ends the wait for a configuration to be saved. */
let watched: (() => void) | undefined;

/** Opens the configuration, and once it has been saved offers to try again with it. */
async function editConfiguration({ file, line }: Place, again: Again): Promise<void> {
  if (file === undefined) {
    await vscode.commands.executeCommand('berth.configure');
    return;
  }
  watched?.();
  const { document } = await showFile(file, line);
  const saved = vscode.workspace.onDidSaveTextDocument(async (one) => {
    if (one !== document) return;
    end();
    const answer = await vscode.window.showInformationMessage('The configuration has been saved.', 'Retry');
    if (answer) await again();
  });
  const closed = vscode.workspace.onDidCloseTextDocument((one) => { if (one === document) end(); });
  const end = (): void => {
    saved.dispose();
    closed.dispose();
    watched = undefined;
  };
  watched = end;
}

/** What the error complains of in the configuration, or all of that. */
function placeOf(error: unknown, { file }: Attempt): Place {
  const data = error instanceof BerthError && error.code === 'DevContainerInvalid' ? error.data : undefined;
  const where = data?.['file'] ?? file;
  const line = data?.['line'];
  return { ...(typeof where === 'string' && { file: where }), ...(typeof line === 'number' && { line }) };
}

function failedReference(error: unknown): string {
  const reference = error instanceof BerthError ? error.data?.['reference'] : undefined;
  return typeof reference === 'string' ? reference : '';
}
