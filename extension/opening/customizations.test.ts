import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { missingCustomizations } from './customizations.ts';

const missing = (extensions: readonly string[], settings: Readonly<Record<string, unknown>>, installed: readonly string[] = [], set: Readonly<Record<string, unknown>> = {}) =>
  missingCustomizations({ extensions, settings }, (id) => installed.includes(id), (name) => set[name]);

describe('what a configuration wishes for the editor', () => {
  it('is offered where it is not there', () => {
    assert.deepEqual(missing(['a.one', 'B.Two', 'a.three@1.2.3'], {}, ['b.two']).extensions, ['a.one', 'a.three@1.2.3']);
    assert.deepEqual(missing(['A.One', 'a.one'], {}).extensions.length, 1);
  });

  it('leaves out what the configuration takes back', () => {
    assert.deepEqual(missing(['a.one', 'a.two', '-A.One'], {}).extensions, ['a.two']);
  });

  it('are the settings that have other values', () => {
    const settings = { 'editor.tabSize': 2, 'files.exclude': { '**/out': true }, 'x.list': [1, 2], 'x.off': null };
    assert.deepEqual(missing([], settings, [], { 'editor.tabSize': 2, 'files.exclude': { '**/out': true }, 'x.list': [1, 2], 'x.off': null }).settings, {});
    assert.deepEqual(Object.keys(missing([], settings, [], { 'editor.tabSize': 4, 'files.exclude': {}, 'x.list': [2, 1] }).settings), Object.keys(settings));
  });
});
