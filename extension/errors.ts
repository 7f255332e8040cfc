import * as vscode from 'vscode';
import { BerthError } from '../runtime-host/protocol/errors.ts';

/** What the user can do about an error: one button. */
interface ErrorAction {
  readonly title: string;
  run(): unknown;
}

export interface ReportOptions {
  /** Tries again what failed. */
  readonly retry?: () => unknown;
  /** Lets the user name another image. */
  readonly chooseImage?: () => unknown;
}

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
    const action = this.#actionFor(error, options);
    vscode.window.showErrorMessage(error.message, action.title).then(
      (chosen) => { if (chosen === action.title) action.run(); },
      (failure: unknown) => this.#log.error(describe(failure)),
    );
  }

  #actionFor(error: BerthError, { retry, chooseImage }: ReportOptions): ErrorAction {
    const { log, file, hostProtocol, clientProtocol } = error.data ?? {};
    switch (error.code) {
      case 'DevContainerInvalid':
        return typeof file === 'string' ? { title: 'Open File', run: () => this.#openFile(file) } : this.#showOutput();
      case 'VersionMismatch':
        // A virtual machine of another version has no protocol of a host.
        if (typeof hostProtocol !== 'number' || typeof clientProtocol !== 'number') return this.#showOutput();
        if (hostProtocol > clientProtocol) return { title: 'Reload Window', run: () => vscode.commands.executeCommand('workbench.action.reloadWindow') };
        return { title: 'Restart Host', run: () => this.#replaceHostThen(retry) };
      case 'ImageNotFound':
      case 'PlatformUnavailable':
        return chooseImage ? { title: 'Choose Image…', run: chooseImage } : this.#retryOrOutput(retry);
      case 'InvalidArgument':
        return chooseImage ? { title: 'Choose Image…', run: chooseImage } : this.#showOutput();
      case 'RegistryUnreachable':
      case 'RegistryTimeout':
      case 'RegistryRefused':
      case 'DigestMismatch':
      case 'QemuMissing':
      case 'KernelMissing':
      case 'DiskFull':
        return this.#retryOrOutput(retry);
      case 'VmFailed':
      case 'GuestFailed':
      case 'HostUnreachable':
        if (typeof log === 'string') return { title: 'Show Log', run: () => this.#openFile(log) };
        return this.#retryOrOutput(retry);
      default:
        return this.#showOutput();
    }
  }

  #retryOrOutput(retry: (() => unknown) | undefined): ErrorAction {
    return retry ? { title: 'Retry', run: retry } : this.#showOutput();
  }

  #showOutput(): ErrorAction {
    return { title: 'Show Output', run: () => this.#log.show() };
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

  async #openFile(path: string): Promise<void> {
    try {
      await vscode.window.showTextDocument(vscode.Uri.file(path), { preview: true });
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
