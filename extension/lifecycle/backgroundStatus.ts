import * as vscode from 'vscode';

/** Says in the status bar which lifecycle commands run in the background, or that one has failed; a click shows the log. */
export class BackgroundStatus implements vscode.Disposable {
  #item: vscode.StatusBarItem | undefined;

  running(stage: string): void {
    this.#setRunning(true);
    this.#show(`$(sync~spin) ${stage}`, `The container’s ${stage} runs in the background.`, undefined);
  }

  failed(stage: string): void {
    this.#setRunning(false);
    this.#show(`$(error) ${stage}`, `The container’s ${stage} has failed.`, new vscode.ThemeColor('statusBarItem.errorBackground'));
  }

  hide(): void {
    this.#setRunning(false);
    this.#item?.hide();
  }

  #setRunning(running: boolean): void {
    void vscode.commands.executeCommand('setContext', 'berth.lifecycleRunning', running);
  }

  #show(text: string, sentence: string, background: vscode.ThemeColor | undefined): void {
    const item = (this.#item ??= this.#create());
    item.text = text;
    item.tooltip = new vscode.MarkdownString(`${sentence}\n\nClick to see what it prints.${background ? '' : ' [Cancel](command:berth.cancelLifecycle)'}`);
    item.tooltip.isTrusted = { enabledCommands: ['berth.cancelLifecycle'] };
    item.backgroundColor = background;
    item.accessibilityInformation = { label: `${sentence} Activate to show the log.`, role: 'button' };
    item.show();
  }

  #create(): vscode.StatusBarItem {
    const item = vscode.window.createStatusBarItem('berth.lifecycle', vscode.StatusBarAlignment.Left, 49);
    item.name = 'Berth Lifecycle Commands';
    item.command = 'berth.openLog';
    return item;
  }

  dispose(): void {
    this.#item?.dispose();
  }
}
