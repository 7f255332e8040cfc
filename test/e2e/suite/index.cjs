'use strict';
/* eslint-disable @typescript-eslint/no-require-imports -- VS Code loads its test suites as CommonJS. */
/*
 * Runs inside VS Code's extension host, through code-server (extensionHost.test.ts) or a desktop VS Code
 * (`npm run test:desktop`, F5). Rejects when a test fails; prints one line `berth-suite {json}` with every result.
 */
const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const Mocha = require('mocha');

exports.run = function run() {
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, reporter: 'dot' });
  for (const file of readdirSync(__dirname)) {
    if (file.endsWith('.suite.cjs')) mocha.addFile(join(__dirname, file));
  }
  return new Promise((resolve, reject) => {
    const results = [];
    const runner = mocha.run((failures) => {
      console.log(`berth-suite ${JSON.stringify(results)}`);
      if (failures > 0) reject(new Error(`${failures} tests failed.`));
      else resolve();
    });
    runner.on('pass', (test) => results.push({ title: test.fullTitle(), passed: true }));
    runner.on('fail', (test, error) => results.push({ title: test.fullTitle(), passed: false, error: String(error.stack ?? error) }));
  });
};
