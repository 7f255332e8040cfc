import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '../protocol/errors.ts';
import { formatReference, normalizeReference, parseReference } from './reference.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

test('what a reference leaves out is filled in', () => {
  const expected: Record<string, string> = {
    'alpine': 'docker.io/library/alpine:latest',
    'alpine:3.20': 'docker.io/library/alpine:3.20',
    'team/app': 'docker.io/team/app:latest',
    'docker.io/alpine': 'docker.io/library/alpine:latest',
    'index.docker.io/library/alpine': 'docker.io/library/alpine:latest',
    'localhost/app': 'localhost/app:latest',
    'localhost:5000/app': 'localhost:5000/app:latest',
    '127.0.0.1:5000/team/app:1': '127.0.0.1:5000/team/app:1',
    '[::1]:5000/app:1': '[::1]:5000/app:1',
    'registry.example/a/b/c_d/e--f/g__h.i:v1.0_x-2': 'registry.example/a/b/c_d/e--f/g__h.i:v1.0_x-2',
    'Registry/app': 'Registry/app:latest',
    [`alpine@${digest}`]: `docker.io/library/alpine@${digest}`,
    [`localhost:5000/app:1@${digest}`]: `localhost:5000/app@${digest}`,
  };
  for (const [text, canonical] of Object.entries(expected)) {
    assert.equal(normalizeReference(text), canonical, text);
    assert.equal(normalizeReference(canonical), canonical, 'canonical text stays as it is');
  }
});

test('the parts of a reference', () => {
  assert.deepEqual(parseReference('localhost:5000/team/app:1'), { domain: 'localhost:5000', repository: 'team/app', tag: '1' });
  assert.deepEqual(parseReference(`team/app@${digest}`), { domain: 'docker.io', repository: 'team/app', digest });
  assert.equal(formatReference({ domain: 'docker.io', repository: 'library/x' }), 'docker.io/library/x:latest');
});

test('what is no reference is refused with what is wrong', () => {
  const expected: Record<string, RegExp> = {
    '': /empty/,
    ':1': /name of the image is missing/,
    'localhost:5000/': /name of the image is missing/,
    'App': /capital letters/,
    'localhost:5000/App': /capital letters/,
    'a//b': /each part of the name/,
    '/a': /each part of the name/,
    'a/../b': /each part of the name/,
    'a b': /each part of the name/,
    'a\nb': /each part of the name/,
    'ä': /each part of the name/,
    'a_-b': /each part of the name/,
    'alpine:': /tag after “:” is empty/,
    'alpine:-x': /a tag has/,
    'alpine:a/b': /a tag has|host name/,
    [`alpine:${'x'.repeat(129)}`]: /a tag has/,
    'alpine@sha256:12': /digest/,
    [`alpine@md5:${'a'.repeat(32)}`]: /digest/,
    [`alpine@${digest}x`]: /digest/,
    'localhost:99999/app': /not a port/,
    'localhost:x/app': /host name/,
    '-a.example/app': /host name/,
    '1.2.3.999/app': /host name or address/,
    'registry.1/app': /host name or address/,
    '[:::]/app': /host name or address/,
    'a..example/app': /host name/,
    ['a'.repeat(256)]: /longer than 255/,
    ['ab'.repeat(32)]: /image ID/,
  };
  for (const [text, problem] of Object.entries(expected)) {
    assert.throws(() => parseReference(text), (error) => error instanceof BerthError && error.code === 'InvalidArgument' && problem.test(error.message), text);
  }
});
