import type * as vscode from 'vscode';
import type { WorkDoneProgress } from '../../runtime-host/protocol/methods.ts';

/**
 * Shows LSP work-done progress in a VS Code progress notification. One operation may own a part of the bar:
 * a request that reports 50 % in a share of 0–40 moves the bar to 20 %.
 */
export class ProgressBar {
  readonly #target: vscode.Progress<{ message?: string; increment?: number }>;
  #shown = 0;

  constructor(target: vscode.Progress<{ message?: string; increment?: number }>) {
    this.#target = target;
  }

  message(message: string): void {
    this.#target.report({ message });
  }

  /** A sink for one request's progress, which fills the bar from one percentage to another. */
  share(from: number, to: number): (progress: WorkDoneProgress) => void {
    return (progress) => {
      if (progress.kind === 'end') return;
      const increment = progress.percentage === undefined ? 0 : this.#advance(from + ((to - from) * progress.percentage) / 100);
      // The notification has a title of its own; the request's would only repeat it.
      this.#target.report({ ...(progress.message ? { message: progress.message } : {}), ...(increment > 0 ? { increment } : {}) });
    };
  }

  /** VS Code wants steps, not positions; a bar never goes back. */
  #advance(position: number): number {
    const increment = Math.max(0, Math.min(100, position) - this.#shown);
    this.#shown += increment;
    return increment;
  }
}
