import * as vscode from 'vscode';
import type { HostStream } from '../../runtime-host/client/index.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { TerminalSize } from '../../runtime-host/protocol/types.ts';
import { pump } from '../terminals/outputPump.ts';
import type { PathRewriter } from '../workspace/pathRewriter.ts';

/** How long the beginning of a path waits for its rest: longer than what a process writes in one go may take to come. */
const patience = 1000;
/** How long when somebody has just typed: they want to see it. */
const patienceWhileTyping = 20;

/** A process that was started for a task. */
export interface StartedTask {
  readonly stream: HostStream;
  /** Rewrites paths in the output. */
  readonly rewriter?: PathRewriter;
  /** Why it ended, when that was not of its own accord. */
  readonly explainEnd?: () => string | undefined;
}

export interface TaskTerminalOptions {
  /** Starts the process. `say` shows a line, faintly. */
  start(size: TerminalSize | undefined, signal: AbortSignal, say: (line: string) => void): Promise<StartedTask>;
  /** Told of what kept it from running, or lost it. */
  onFailure(error: BerthError): void;
  /** Told once, after everything was shown. 128+n when signal n ended it; undefined when that is not known. */
  onEnded?(exitCode: number | undefined): void;
  /** Told of everything that is shown. */
  onOutput?(text: string): void;
  /** Stay open to be read until a key is pressed; a task's terminal is kept by VS Code. */
  readonly keepOpen?: boolean;
}

/** The terminal of a task: its process runs in a container, and its exit code is the task's. Closing it hangs the process up. */
export class TaskTerminal implements vscode.Pseudoterminal {
  readonly #options: TaskTerminalOptions;
  readonly #write = new vscode.EventEmitter<string>();
  readonly #close = new vscode.EventEmitter<number | void>();
  readonly #abort = new AbortController();
  readonly #typedAhead: string[] = [];
  #started: StartedTask | undefined;
  #size: TerminalSize | undefined;
  #typing = false;
  #ended = false;
  #waiting: NodeJS.Timeout | undefined;

  readonly onDidWrite = this.#write.event;
  readonly onDidClose = this.#close.event;

  constructor(options: TaskTerminalOptions) {
    this.#options = options;
  }

  open(dimensions: vscode.TerminalDimensions | undefined): void {
    this.#size ??= dimensions;
    void this.#run();
  }

  handleInput(data: string): void {
    if (this.#ended) return this.#close.fire();
    this.#typing = true;
    if (this.#started) this.#started.stream.stdin.write(data);
    else this.#typedAhead.push(data);
  }

  setDimensions(dimensions: vscode.TerminalDimensions): void {
    if (dimensions.columns < 1 || dimensions.rows < 1) return; // A hidden panel.
    this.#size = dimensions;
    this.#started?.stream.resize(dimensions);
  }

  /** The task was terminated, or its terminal closed. A container that is still starting is left to itself. */
  close(): void {
    this.#abort.abort();
    this.#started?.stream.close();
  }

  /** Never rejects: what goes wrong is shown and reported. */
  async #run(): Promise<void> {
    let exitCode: number | undefined;
    try {
      exitCode = await this.#follow();
    } catch (error) {
      exitCode = this.#fail(BerthError.from(error));
    } finally {
      clearTimeout(this.#waiting);
    }
    this.#ended = true;
    this.#options.onEnded?.(exitCode);
    if (!this.#options.keepOpen) return this.#close.fire(exitCode);
    this.#write.fire(`\r\n\x1b[2m${exitCode === undefined ? 'The process was ended.' : `Process exited with code ${exitCode}.`} Press any key to close the terminal.\x1b[0m\r\n`);
  }

  /** Whether it only waits to be closed. */
  get ended(): boolean {
    return this.#ended;
  }

  async #follow(): Promise<number | undefined> {
    const sizeAtStart = this.#size;
    const started = await this.#options.start(sizeAtStart, this.#abort.signal, (line) => this.#say(line, 2));
    this.#started = started;
    const { stream, rewriter } = started;
    stream.stdin.on('error', () => undefined);
    if (this.#abort.signal.aborted) stream.close();
    if (this.#size && this.#size !== sizeAtStart) stream.resize(this.#size);
    for (const data of this.#typedAhead.splice(0)) stream.stdin.write(data);
    const show = (text: string): void => this.#show(text, rewriter);
    await Promise.all([pump(stream.stdout, show), pump(stream.stderr, show)]);
    this.#flush();
    const { exitCode, oomKilled } = await stream.status;
    if (oomKilled) this.#say('Memory ran out, and a process was killed. Give the container more.', 31);
    const reason = started.explainEnd?.();
    if (reason !== undefined) this.#say(reason, 33);
    return exitCode;
  }

  #show(text: string, rewriter: PathRewriter | undefined): void {
    clearTimeout(this.#waiting);
    this.#emit(rewriter ? rewriter.write(text) : text);
    if (text.includes('\n')) this.#typing = false;
    if (rewriter?.pending) this.#waiting = setTimeout(() => this.#flush(), this.#typing ? patienceWhileTyping : patience);
  }

  #flush(): void {
    this.#emit(this.#started?.rewriter?.flush() ?? '');
  }

  #emit(text: string): void {
    if (text === '') return;
    this.#write.fire(text);
    this.#options.onOutput?.(text);
  }

  #fail(error: BerthError): number | undefined {
    if (this.#abort.signal.aborted) return undefined;
    this.#flush();
    this.#say(error.message, 31);
    this.#options.onFailure(error);
    return 1;
  }

  /** `colour` is an SGR parameter (ECMA-48): 2 faint, 31 red, 33 yellow. */
  #say(line: string, colour: number): void {
    this.#write.fire(`\x1b[${colour}m${line}\x1b[0m\r\n`);
  }
}
