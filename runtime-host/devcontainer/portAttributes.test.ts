import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attributesFor, needsCommandLines, readPortSettings } from './portAttributes.ts';

const read = (root: Record<string, unknown>) => readPortSettings(root, 'devcontainer.json');

describe('ports in devcontainer.json', () => {
  it('takes numbers, and other containers’ ports by name', () => {
    assert.deepEqual(read({ forwardPorts: [3000, '8080', 'localhost:9000', 'db:5432'] }).forwardPorts, [{ port: 3000 }, { port: 8080 }, { port: 9000 }, { host: 'db', port: 5432 }]);
  });

  it('applies what names a port before ranges and command lines, and the others only where nothing does', () => {
    const settings = read({
      portsAttributes: {
        '3000-4000': { label: 'range', onAutoForward: 'silent', protocol: 'https' },
        '.+\\/server\\.js': { label: 'server', onAutoForward: 'openBrowser', requireLocalPort: true },
        '3000': { label: 'web' },
      },
      otherPortsAttributes: { onAutoForward: 'ignore' },
    });
    assert.deepEqual(attributesFor(settings, 3000), { label: 'web', onAutoForward: 'silent', protocol: 'https' });
    assert.deepEqual(attributesFor(settings, 3001, 'node /app/server.js'), { label: 'range', onAutoForward: 'silent', protocol: 'https', requireLocalPort: true });
    assert.deepEqual(attributesFor(settings, 9000, 'node /app/server.js'), { label: 'server', onAutoForward: 'openBrowser', requireLocalPort: true });
    assert.deepEqual(attributesFor(settings, 9000), { onAutoForward: 'ignore' });
    assert.equal(needsCommandLines(settings), true);
    assert.equal(needsCommandLines(read({ portsAttributes: { 3000: {} } })), false);
    assert.deepEqual(attributesFor(read({}), 80), {});
  });

  it('says what is wrong, and where', () => {
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ forwardPorts: 3000 }, /“forwardPorts” in devcontainer\.json must be a list/],
      [{ forwardPorts: [0] }, /has the entry 0\. Write a port/],
      [{ forwardPorts: ['a b:1'] }, /has the entry "a b:1"/],
      [{ portsAttributes: { '9-1': {} } }, /“9-1”, which is not a port or a range/],
      [{ portsAttributes: { '(': {} } }, /neither a port, a range of ports nor a regular expression/],
      [{ portsAttributes: { 80: { onAutoForward: 'shout' } } }, /“portsAttributes\.80\.onAutoForward”.*must be one of notify/],
      [{ portsAttributes: { 80: { protocol: 'ftp' } } }, /“http” or “https”/],
      [{ otherPortsAttributes: { label: 1 } }, /“otherPortsAttributes\.label”.*a text/],
    ];
    for (const [root, message] of wrong) assert.throws(() => read(root), { code: 'DevContainerInvalid', message });
  });
});
