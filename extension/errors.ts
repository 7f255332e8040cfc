import * as vscode from 'vscode';
import { BerthError } from '../runtime-host/protocol/errors.ts';
import { actionFor, arranged, settingOf, type Alternative, type ErrorAction } from './errorActions.ts';

const titles: Readonly<Record<ErrorAction, string>> = {
  openFile: 'Open File',
  openLog: 'Show Log',
  openSettings: 'Open Settings',
  reloadWindow: 'Reload Window',
  restartHost: 'Restart Host',
  chooseImage: 'Choose Image…',
  retry: 'Retry',
  showOutput: 'Show Output',
};

export interface ReportOptions {
  /** Tries again what failed. */
  readonly retry?: () => unknown;
  /** Lets the user name another image. */
  readonly chooseImage?: () => unknown;
  /** What can be done besides, whatever the error. */
  readonly more?: readonly FurtherAction[];
}

export interface FurtherAction extends Alternative {
  run(): unknown;
}

const moreTitle = 'More…';

/** Tells the user about errors: one plain sentence, one action; the whole story goes to the log. */
export class ErrorReporter {
  readonly #log: vscode.LogOutputChannel;
  readonly #replaceHost: () => Promise<void>;

  /** `replaceHost` puts our runtime host in the place of one of an older Berth. */
  constructor(log: vscode.LogOutputChannel, replaceHost: () => Promise<void>) {
    this.#log = log;
    this.#replaceHost = replaceHost;
  }

  /** Shows the error, unless it only says that the user cancelled. Does not wait for the user. */
  report(thrown: unknown, options: ReportOptions = {}): void {
    if (isCancellation(thrown)) {
      this.#log.info('Cancelled.');
      return;
    }
    const error = BerthError.from(thrown);
    this.#log.error(describe(error));
    const kind = actionFor(error, { retry: options.retry !== undefined, chooseImage: options.chooseImage !== undefined });
    const best: FurtherAction = { title: titles[kind], run: () => this.#run(kind, error, options) };
    const { shown, rest } = arranged(kind, best, options.more ?? []);
    this.#offer(error.message, shown, rest).catch((failure: unknown) => this.report(failure));
  }

  async #offer(message: string, shown: readonly FurtherAction[], rest: readonly FurtherAction[]): Promise<void> {
    const titlesOf = (actions: readonly FurtherAction[]): string[] => actions.map(({ title }) => title);
    const button = await vscode.window.showErrorMessage(message, ...titlesOf(shown), ...(rest.length > 0 ? [moreTitle] : []));
    const chosen = button === moreTitle ? await vscode.window.showQuickPick(titlesOf(rest), { placeHolder: message }) : button;
    await [...shown, ...rest].find(({ title }) => title === chosen)?.run();
  }

  /** What a button does; {@link actionFor} has seen to it that what it needs is there. */
  async #run(kind: ErrorAction, error: BerthError, { retry, chooseImage }: ReportOptions): Promise<void> {
    const { data = {} } = error;
    switch (kind) {
      case 'openFile': return this.#openFile(String(data['file']), typeof data['line'] === 'number' ? data['line'] : undefined);
      case 'openLog': return this.#openFile(String(data['log']));
      case 'openSettings': await vscode.commands.executeCommand('workbench.action.openSettings', settingOf(error)); return;
      case 'reloadWindow': await vscode.commands.executeCommand('workbench.action.reloadWindow'); return;
      case 'restartHost': return this.#replaceHostThen(retry);
      case 'chooseImage': await chooseImage?.(); return;
      case 'retry': await retry?.(); return;
      case 'showOutput': this.#log.show();
    }
  }

  async #replaceHostThen(retry: (() => unknown) | undefined): Promise<void> {
    try {
      await this.#replaceHost();
    } catch (error) {
      this.report(error, retry ? { retry } : {});
      return;
    }
    await retry?.();
  }

  /** @param line the first is 1 */
  async #openFile(path: string, line?: number): Promise<void> {
    try {
      await vscode.window.showTextDocument(vscode.Uri.file(path), { preview: true, ...(line !== undefined && { selection: new vscode.Range(line - 1, 0, line - 1, 0) }) });
    } catch (error) {
      this.#log.error(`${path} cannot be opened: ${describe(error)}`);
      this.#log.show();
    }
  }
}

/** True for what the user did on purpose. */
export function isCancellation(thrown: unknown): boolean {
  if (thrown instanceof vscode.CancellationError) return true;
  return (thrown instanceof BerthError && thrown.code === 'Cancelled') || (thrown instanceof Error && thrown.name === 'AbortError');
}

/** The error with its causes, for the log. */
export function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const code = thrown instanceof BerthError ? `${thrown.code}: ` : '';
  const text = thrown instanceof BerthError ? thrown.message : (thrown.stack ?? thrown.message);
  return `${code}${text}${thrown.cause === undefined ? '' : `\n  caused by ${describe(thrown.cause)}`}`;
}
