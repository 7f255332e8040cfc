import type * as vscode from 'vscode';

/** VS Code's way to cancel, as the platform's; `dispose` ends the connection between the two. */
export function abortSignal(token: vscode.CancellationToken): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  const subscription = token.onCancellationRequested(() => controller.abort());
  return { signal: controller.signal, dispose: () => subscription.dispose() };
}
