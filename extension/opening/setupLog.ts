import * as vscode from 'vscode';
import { SetupText } from './setupText.ts';

/** The log of everything that is done to open a folder in a container, for its user to read. */
export class SetupLog implements vscode.Disposable {
  #channel: vscode.OutputChannel | undefined;
  readonly #text = new SetupText();
  #atLineStart = true;

  /** Begins a step: its title with the time of day. */
  step(title: string): void {
    this.#line(`[${new Date().toLocaleTimeString(undefined, { hour12: false })}] ${title}`);
  }

  /** A line that is no step of its own. */
  note(sentence: string): void {
    this.#line(sentence);
  }

  /** What a program has printed, as it comes; colours and the like are left out. */
  write(chunk: string): void {
    this.#append(this.#text.add(chunk));
  }

  /** Why the opening has ended before its time. */
  fail(sentence: string): void {
    this.#line(`✗ ${sentence}`);
  }

  /** Shows it without taking the keyboard. */
  show(): void {
    this.#open().show(true);
  }

  #line(text: string): void {
    this.#append(this.#text.end());
    this.#append(`${this.#atLineStart ? '' : '\n'}${text}\n`);
  }

  #append(text: string): void {
    if (text === '') return;
    this.#open().append(text);
    this.#atLineStart = text.endsWith('\n');
  }

  /** VS Code lists a channel from the moment it is made. */
  #open(): vscode.OutputChannel {
    this.#channel ??= vscode.window.createOutputChannel('Berth Setup');
    return this.#channel;
  }

  dispose(): void {
    this.#channel?.dispose();
  }
}
