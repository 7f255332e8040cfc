import type { Locator, Page } from 'playwright-core';

/** Driver of one VS Code window: what a person does there. Every method waits for what it needs. */
export class Workbench {
  constructor(page: Page);
  readonly page: Page;
  /** Opens an address and waits until VS Code is usable. */
  open(url: string): Promise<void>;
  ready(): Promise<void>;
  reload(): Promise<void>;
  /** Runs a command from the palette by its full title. */
  runCommand(title: string): Promise<void>;
  /** The titles that the palette offers for some text. */
  paletteEntries(text: string): Promise<string[]>;
  readonly quickInput: Locator;
  quickPickRow(text: string | RegExp): Locator;
  /** Types into the open input box and confirms it. */
  answerInput(text: string, title?: string): Promise<void>;
  showView(name: string): Promise<void>;
  treeItem(text: string | RegExp): Locator;
  contextMenu(item: Locator, entry: string): Promise<void>;
  notification(text: string | RegExp): Locator;
  readonly dialog: Locator;
  statusBarItem(text: string | RegExp): Locator;
  typeInTerminal(line: string): Promise<void>;
  /** What the shown terminal's viewport shows. */
  terminalText(): Promise<string>;
  /** Waits until the shown terminal's text matches, and returns it; rejects with the text as it is. */
  waitForTerminal(pattern: RegExp, timeout?: number): Promise<string>;
  /** Closes the shown terminal whose process has ended, by a key. */
  closeEndedTerminal(): Promise<void>;
  screenshot(path: string): Promise<void>;
}
