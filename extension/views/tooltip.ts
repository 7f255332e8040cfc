import * as vscode from 'vscode';

/** Lines of “**Label:** value”; a value is shown as it is, whatever characters are in it. Undefined ones are left out. */
export function tooltipOf(lines: readonly (readonly [label: string, value: string | undefined])[]): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  for (const [label, value] of lines) {
    if (value !== undefined) text.appendMarkdown(`**${label}:** `).appendText(value).appendMarkdown('  \n');
  }
  return text;
}
