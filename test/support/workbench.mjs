/*
 * What a person does in VS Code's window, as functions over a Playwright page. Every one waits for what it needs;
 * nothing sleeps.
 */

const readyTimeout = 60_000;

/** Driver of one VS Code window. */
export class Workbench {
  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
  }

  /** Opens an address and waits until VS Code is usable. */
  async open(url) {
    await this.page.goto(url);
    await this.ready();
  }

  /** The palette does not follow what is contributed after it was opened, so Berth's own view must be there. */
  async ready() {
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: readyTimeout });
    for (const name of [/Explorer/, /Berth/]) {
      await this.page.locator('.part.activitybar').getByRole('tab', { name }).waitFor({ timeout: readyTimeout });
    }
  }

  async reload() {
    await this.page.reload();
    await this.ready();
  }

  /** Runs a command from the palette by its full title, such as `Berth: Pull Image…`. */
  async runCommand(title) {
    await this.#openPalette(title);
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().click();
  }

  /** The titles that the palette offers for some text. */
  async paletteEntries(text) {
    await this.#openPalette(text);
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    await rows.first().waitFor();
    const labels = await rows.evaluateAll((elements) => elements.map((element) => element.getAttribute('aria-label') ?? ''));
    await this.page.keyboard.press('Escape');
    return labels;
  }

  /** No key goes to whatever has the focus: one would close a terminal whose process has ended, and the palette with it. */
  async #openPalette(text) {
    await this.page.evaluate('document.activeElement?.blur()');
    await this.page.keyboard.press('Escape');
    await this.page.keyboard.press('F1');
    await this.quickInput.fill(`>${text}`);
  }

  get quickInput() {
    return this.page.locator('.quick-input-widget:visible .quick-input-box input');
  }

  quickPickRow(text) {
    return this.page.locator('.quick-input-list .monaco-list-row', { hasText: text });
  }

  /** Types into the open input box, the one with this title where several follow one another, and confirms it. */
  async answerInput(text, title = undefined) {
    await this.quickInput.waitFor();
    if (title !== undefined) await this.page.locator('.quick-input-widget:visible .quick-input-title').getByText(title, { exact: true }).waitFor();
    await this.quickInput.fill(text);
    await this.page.keyboard.press('Enter');
  }

  async showView(name) {
    const tab = this.page.locator('.part.activitybar').getByRole('tab', { name: new RegExp(name) });
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
    await this.page.locator('.part.sidebar .composite.title', { hasText: new RegExp(name, 'i') }).waitFor();
  }

  treeItem(text) {
    return this.page.locator('.part.sidebar [role=treeitem]', { hasText: text });
  }

  /** Opens an item's context menu and chooses an entry. */
  async contextMenu(item, entry) {
    await item.click({ button: 'right' });
    // A menu ignores the mouse in its first moments, so that the click that opened it chooses nothing; keys it takes.
    await this.page.locator('.monaco-menu .action-item', { hasText: entry }).first().hover();
    await this.page.keyboard.press('Enter');
    await this.page.locator('.monaco-menu').waitFor({ state: 'detached' });
  }

  notification(text) {
    return this.page.locator('.notifications-toasts .notification-list-item', { hasText: text });
  }

  get dialog() {
    return this.page.locator('.monaco-dialog-box');
  }

  statusBarItem(text) {
    return this.page.locator('.part.statusbar .statusbar-item', { hasText: text });
  }

  /** Types a line into the terminal that is shown. */
  async typeInTerminal(line) {
    await this.page.locator('.terminal-wrapper.active .xterm:visible').click();
    await this.page.keyboard.type(line);
    await this.page.keyboard.press('Enter');
  }

  /** What the shown terminal's viewport shows. */
  async terminalText() {
    const rows = await this.page.locator('.terminal-wrapper.active .xterm-rows > div').allTextContents();
    return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n').trimEnd();
  }

  /** Waits until the shown terminal's text matches; rejects with the text as it is. */
  async waitForTerminal(pattern, timeout = 60_000) {
    const deadline = Date.now() + timeout;
    for (;;) {
      const text = await this.terminalText();
      if (pattern.test(text)) return text;
      if (Date.now() > deadline) throw new Error(`The terminal did not show ${pattern} within ${timeout} ms. It shows:\n${text}`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Closes the shown terminal whose process has ended, by a key. */
  async closeEndedTerminal() {
    await this.waitForTerminal(/Press any key to close the terminal/);
    await this.page.locator('.terminal-wrapper.active .xterm:visible').click();
    await this.page.keyboard.press('Enter');
    const ended = this.page.locator('.terminal-wrapper.active .xterm-rows', { hasText: /Press.any.key.to.close/ });
    await ended.waitFor({ state: 'detached' });
  }

  async screenshot(path) {
    await this.page.screenshot({ path });
  }
}
