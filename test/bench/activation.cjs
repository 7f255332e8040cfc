'use strict';
/* eslint-disable @typescript-eslint/no-require-imports -- VS Code loads its test suites as CommonJS. */
/*
 * Runs inside VS Code's extension host (vscode.ts): prints one line `berth-marks {json}` with the moments, in
 * milliseconds, that VS Code itself marked while it loaded and activated the extension.
 */
const vscode = require('vscode');

exports.run = async function run() {
  await vscode.extensions.getExtension('berth.berth').activate();
  const marks = globalThis.MonacoPerformanceMarks.getMarks().filter(({ name }) => name.startsWith('code/extHost/') && name.endsWith('/berth.berth'));
  console.log(`berth-marks ${JSON.stringify(Object.fromEntries(marks.map(({ name, startTime }) => [name.split('/')[2], startTime])))}`);
};
