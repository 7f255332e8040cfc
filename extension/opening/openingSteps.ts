import * as vscode from 'vscode';
import { abortSignal } from '../cancellation.ts';
import type { Services } from '../context.ts';
import { ProgressBar } from '../host/progress.ts';
import type { SetupLog } from './setupLog.ts';

/** What everything that helps to open a folder reports to, and is cancelled by. */
export class OpeningSteps {
  readonly log: SetupLog;
  readonly bar: ProgressBar;
  /** Aborted when the user cancels. */
  readonly signal: AbortSignal;

  constructor(log: SetupLog, bar: ProgressBar, signal: AbortSignal) {
    this.log = log;
    this.bar = bar;
    this.signal = signal;
  }

  /**
   * Says in the progress and in the log what comes now.
   * @throws an AbortError when the user has cancelled
   */
  begin(title: string): void {
    this.signal.throwIfAborted();
    this.bar.message(title);
    this.log.step(title);
  }
}

/** Does some work under the one progress notification of an opening, which can be cancelled and leads to the log. */
export function withSteps<T>({ setupLog, lifecycle }: Services, title: string, work: (steps: OpeningSteps) => Promise<T>): Thenable<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `${title} ([show log](command:berth.openLog))`, cancellable: true },
    async (progress, token) => {
      const abort = abortSignal(token);
      try {
        return await lifecycle.whileOpening(() => work(new OpeningSteps(setupLog, new ProgressBar(progress), abort.signal)));
      } finally {
        abort.dispose();
      }
    },
  );
}
