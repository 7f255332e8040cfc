import * as vscode from 'vscode';
import type { HostStream } from '../../runtime-host/client/index.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { TerminalSize } from '../../runtime-host/protocol/types.ts';
import { pump, type PumpOptions } from './outputPump.ts';

export interface ProcessTerminalOptions extends PumpOptions {
  /** Opens the process's streams; called once the terminal is shown and its size is known. */
  open(size: TerminalSize | undefined): Promise<HostStream>;
  /** The way back to a process that goes on when the connection to the host was lost. */
  readonly reconnect?: Reconnection;
  /** Told when it could not be opened, or, once it was open, ended otherwise than by the process. */
  onFailure(error: BerthError, wasOpen: boolean): void;
  /** Typing does nothing. */
  readonly readOnly?: boolean;
  /** Shown first, faintly. */
  readonly startText?: string;
  /** Shown when the stream ends without an exit code (a log). */
  readonly endText?: string;
  /** Why the process ended, when that was not of its own accord: shown instead of the exit code. */
  readonly explainEnd?: () => string | undefined;
  /** Told when the process has ended. */
  onEnded?(): void;
  /** Stay open to be read after exit code 0 as well. */
  readonly keepOpen?: boolean;
}

export interface Reconnection {
  /** Connects to the host, or to a new one, and to the process, which then shows again what it has printed. */
  open(size: TerminalSize | undefined): Promise<HostStream>;
  /** Fires when the window is connected again, whoever wanted that. */
  readonly onConnected: vscode.Event<void>;
}

/** A connection that is lost so soon, so often in a row, is not worth another try before somebody wants it. */
const soonMilliseconds = 5000;
const mostSoonLosses = 5;

/**
 * A VS Code terminal whose process runs in a container. When the process ends with 0 the terminal closes, as VS Code's
 * own do; otherwise it stays until a key is pressed, with the exit code or the reason in it.
 */
export class ProcessTerminal implements vscode.Pseudoterminal {
  readonly #options: ProcessTerminalOptions;
  readonly #write = new vscode.EventEmitter<string>();
  readonly #close = new vscode.EventEmitter<number | void>();
  readonly #typedAhead: string[] = [];
  #stream: HostStream | undefined;
  #size: TerminalSize | undefined;
  #closedByUser = false;
  #wasOpen = false;
  /** Once the process has ended, the next key press closes the terminal. */
  #ended = false;
  /** While it has no connection: tries again. */
  #tryAgain: (() => void) | undefined;

  readonly onDidWrite = this.#write.event;
  readonly onDidClose = this.#close.event;

  constructor(options: ProcessTerminalOptions) {
    this.#options = options;
  }

  open(dimensions: vscode.TerminalDimensions | undefined): void {
    this.#size ??= dimensions;
    if (this.#options.startText) this.#write.fire(`\x1b[2m${this.#options.startText}\x1b[0m\r\n`);
    void this.#run();
  }

  handleInput(data: string): void {
    if (this.#ended) {
      // Without the code: it has been read, and VS Code would show it once more as an error.
      this.#close.fire();
      return;
    }
    if (this.#tryAgain) return this.#tryAgain();
    if (this.#options.readOnly) return;
    if (this.#stream) this.#stream.stdin.write(data);
    else if (!this.#wasOpen) this.#typedAhead.push(data); // Later, nobody sees what they type.
  }

  /** Whether its process is only just being started. */
  get opening(): boolean {
    return !this.#wasOpen && !this.#ended;
  }

  /** Whether it only waits to be closed. */
  get ended(): boolean {
    return this.#ended;
  }

  setDimensions(dimensions: vscode.TerminalDimensions): void {
    if (dimensions.columns < 1 || dimensions.rows < 1) return; // A hidden panel; no terminal is that small.
    this.#size = dimensions;
    this.#stream?.resize(dimensions);
  }

  /** The user has closed the terminal. What becomes of the process, the host knows. */
  close(): void {
    this.#closedByUser = true;
    this.#stream?.close();
    this.#tryAgain?.();
  }

  /** Never rejects: what goes wrong is shown in the terminal and reported. */
  async #run(): Promise<void> {
    try {
      await this.#follow((size) => this.#options.open(size));
    } catch (error) {
      const failure = BerthError.from(error);
      const { reconnect } = this.#options;
      if (reconnect && this.#wasOpen && failure.code === 'HostUnreachable') await this.#goOn(reconnect);
      else this.#fail(failure);
    }
  }

  /** Shows a stream to its end. */
  async #follow(open: (size: TerminalSize | undefined) => Promise<HostStream>): Promise<void> {
    const sizeAtStart = this.#size;
    const stream = await open(sizeAtStart);
    this.#stream = stream;
    this.#wasOpen = true;
    if (this.#closedByUser) return this.close();
    stream.stdin.on('error', () => undefined);
    if (this.#size && this.#size !== sizeAtStart) stream.resize(this.#size);
    for (const data of this.#typedAhead.splice(0)) stream.stdin.write(data);
    const write = (text: string): void => this.#write.fire(text);
    await Promise.all([pump(stream.stdout, write, this.#options), pump(stream.stderr, write, this.#options)]);
    const { exitCode, oomKilled = false } = await stream.status;
    this.#end(exitCode, oomKilled);
  }

  /** The connection was lost, and the process goes on. */
  async #goOn(reconnect: Reconnection): Promise<void> {
    this.#tell('The connection to Berth’s runtime host was lost. Connecting again…', 2);
    let soonLosses = 0;
    while (!this.#closedByUser) {
      this.#stream = undefined;
      let connectedAt: number | undefined;
      try {
        await this.#follow(async (size) => {
          const stream = await reconnect.open(size);
          connectedAt = Date.now();
          this.#write.fire('\x1bc'); // All of it comes once more.
          return stream;
        });
        return;
      } catch (error) {
        const failure = BerthError.from(error);
        if (failure.code !== 'HostUnreachable' && failure.code !== 'VersionMismatch') return this.#fail(failure);
        soonLosses = connectedAt !== undefined && Date.now() - connectedAt < soonMilliseconds ? soonLosses + 1 : 0;
        if (connectedAt !== undefined && soonLosses < mostSoonLosses) this.#tell('The connection was lost again. Connecting…', 2);
        else await this.#waitForSomebody(failure, reconnect);
      }
    }
  }

  /** Until a key is pressed, or the window is connected again. */
  async #waitForSomebody(failure: BerthError, { onConnected }: Reconnection): Promise<void> {
    this.#tell(failure.message, 31);
    this.#tell('Press any key to try again.', 2);
    await new Promise<void>((resolve) => {
      const subscription = onConnected(() => this.#tryAgain?.());
      this.#tryAgain = () => {
        this.#tryAgain = undefined;
        subscription.dispose();
        resolve();
      };
    });
  }

  #end(exitCode: number | undefined, oomKilled: boolean): void {
    this.#ended = true;
    this.#options.onEnded?.();
    if (exitCode === 0 && !this.#options.keepOpen) {
      this.#close.fire(0);
      return;
    }
    const reason = this.#options.explainEnd?.() ?? (exitCode === undefined ? (this.#options.endText ?? 'The process has ended.') : undefined);
    if (oomKilled) this.#finish('Memory ran out, and a process was killed. Give the container more.', 31);
    else if (reason === undefined) this.#finish(`Process exited with code ${exitCode}.`, 33);
    else this.#finish(reason, 2);
  }

  #fail(error: BerthError): void {
    this.#ended = true;
    this.#options.onEnded?.();
    if (this.#closedByUser) return;
    this.#options.onFailure(error, this.#wasOpen);
    const isOver = error.code === 'ContainerNotRunning' || error.code === 'SessionNotFound';
    this.#finish((isOver && this.#options.explainEnd?.()) || error.message, 31);
  }

  /** `colour` is an SGR parameter (ECMA-48): 2 faint, 31 red, 33 yellow. */
  #finish(text: string, colour: number): void {
    this.#tell(text, colour);
    this.#write.fire('\x1b[2mPress any key to close the terminal.\x1b[0m\r\n');
  }

  #tell(text: string, colour: number): void {
    this.#write.fire(`\r\n\x1b[${colour}m${text}\x1b[0m\r\n`);
  }
}
