import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { clientProxies } from '../../protocol/values/hostValues.ts';
import { agentSocket } from './agentSocket.ts';
import { specOfWords as specOf } from './specOfWords.ts';

const wrongOption = { code: 'commander.invalidArgument' };

test('all options together', () => {
  assert.deepEqual(specOf(
    '--network', 'front,ip=10.1.0.5,ip6=fd12::5,mac=02-42-AC-11-00-02,alias=web,alias=www', '--net', 'back', '-p', '8080:80', '-p', '53:53/udp', '-P', '--expose', '9000', '--publish-socket', '/run/a.sock:/run/b.sock',
    '--network-policy', 'allowlist', '--allow', 'example.com:443', '--allow', '10.0.0.0/8', '--dns', '9.9.9.9', '--dns', '2620:fe::fe', '--dns-search', 'a.example', '--dns-opt', 'ndots:2', '--dns-option', 'rotate',
    '--add-host', 'db:10.0.0.1', '--add-host', 'me=host-gateway', '--no-host-proxies', '--no-host-certificates',
  ), {
    networks: [{ network: 'front', address: '10.1.0.5', address6: 'fd12::5', mac: '02:42:ac:11:00:02', aliases: ['web', 'www'] }, { network: 'back' }],
    ports: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }, { hostPort: 53, containerPort: 53, protocol: 'udp' }, { hostPort: 0, containerPort: 9000, protocol: 'tcp' }],
    publishAllPorts: true,
    sockets: [{ hostPath: '/run/a.sock', containerPath: '/run/b.sock' }],
    policy: { mode: 'allowlist', allow: ['example.com:443', '10.0.0.0/8'] },
    resolver: { servers: ['9.9.9.9', '2620:fe::fe'], search: ['a.example'], options: ['ndots:2', 'rotate'] },
    extraHosts: [{ name: 'db', address: '10.0.0.1' }, { name: 'me', address: 'host-gateway' }],
    hostCertificates: false,
  });
});

test('what is written apart is for the first network', () => {
  assert.deepEqual(specOf('--ip', '10.1.0.5', '--network-alias', 'web').networks, [{ network: 'default', address: '10.1.0.5', aliases: ['web'] }]);
  assert.deepEqual(specOf('--network', 'front,alias=a', '--network', 'back', '--net-alias', 'b', '--mac-address', '02:00:00:00:00:01', '--ip6', 'fd12::5').networks, [
    { network: 'front', aliases: ['a', 'b'], mac: '02:00:00:00:00:01', address6: 'fd12::5' }, { network: 'back' },
  ]);
});

test('no network, and docker’s names', () => {
  assert.deepEqual(specOf('--network', 'none').networks, []);
  assert.deepEqual(specOf('--network', 'bridge').networks, [{ network: 'default' }]);
  assert.deepEqual(specOf('--network', 'name=front,mac-address=02:00:00:00:00:01').networks, [{ network: 'front', mac: '02:00:00:00:00:01' }]);
  assert.throws(() => specOf('--network', 'host'), /host\.berth\.internal/);
  assert.throws(() => specOf('--network', 'container:other'), /by name/);
});

test('networks that do not fit together', () => {
  for (const [words, pattern] of [
    [['--network', 'none', '--network', 'front'], /either/], [['--network', 'none', '--ip', '10.1.0.5'], /without a network/], [['--network', 'front', '--network', 'front'], /named twice/],
    [['--network', 'front,ip=10.1.0.4', '--ip', '10.1.0.5'], /two addresses/],
  ] as const) assert.throws(() => specOf(...words), pattern, words.join(' '));
});

test('networks that are wrong', () => {
  for (const value of ['', '-x', 'a b', 'front,', 'front,port=5', 'front,constructor=1', 'front,ip=10.1.0', 'front,ip=fd12::5', 'front,ip6=10.1.0.5', 'front,mac=02:00', 'front,mac=01:00:00:00:00:00', 'front,alias=', 'ip=10.1.0.5', 'name=none', 'none,ip=10.1.0.5']) {
    assert.throws(() => specOf('--network', value), wrongOption, value);
  }
  for (const words of [['--ip', 'x'], ['--ip6', '10.0.0.1'], ['--mac-address', '00:00:00:00:00:00'], ['--network-alias', '.x']]) assert.throws(() => specOf(...words), wrongOption, words.join(' '));
});

test('a policy', () => {
  assert.deepEqual(specOf('--allow', 'host.berth.internal:5432', '--allow', 'host.berth.internal:5432').policy, { mode: 'open', allow: ['host.berth.internal:5432'] });
  assert.deepEqual(specOf('--network-policy', 'learn').policy, { mode: 'learn' });
  assert.throws(() => specOf('--network-policy', 'none', '--allow', 'x'), /allowlist/);
  assert.throws(() => specOf('--network-policy', 'host-only', '--allow', 'x'), /allowlist/);
  assert.throws(() => specOf('--network-policy', 'closed'), wrongOption);
});

test('entries from a file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'allow-'));
  try {
    const file = join(directory, 'list');
    writeFileSync(file, '# kept\nexample.com:443 \n\n10.0.0.0/8\n');
    assert.deepEqual(specOf('--network-policy', 'allowlist', '--allow-file', file, '--allow', 'db').policy, { mode: 'allowlist', allow: ['example.com:443', '10.0.0.0/8', 'db'] });
    writeFileSync(file, 'db\nhttps://example.com\n');
    assert.throws(() => specOf('--allow-file', file), /list:2: .*URL/);
    writeFileSync(file, '');
    assert.deepEqual(specOf('--network-policy', 'allowlist', '--allow-file', file).policy, { mode: 'allowlist', allow: [] });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('what can be allowed', () => {
  for (const entry of ['example.com', 'example.com:443', '*.example.com', 'db', '_dmarc.example.com', '10.0.0.1', '10.0.0.1:22', '10.0.0.0/8', '10.0.0.0/8:53', '[fd00::1]:443', '[fd00::/8]:443', 'fd00::1', 'fd00::/8', '[fd00::1]', 'bücher.example']) {
    assert.deepEqual(specOf('--allow', entry).policy?.allow, [entry]);
  }
  for (const entry of ['', ':80', 'https://example.com', 'example.com:0', 'example.com:65536', 'example.com:http', 'a b', '*', '*.', '*.*.com', '*example.com', 'a.*.com', '300.1.1.1', '127.1', '0x7f000001', 'localhost', 'localhost:80', '10.0.0.0/33', 'example.com/8', '[10.0.0.1]:80', '[fd00::1', 'fd00::/129', 'fe80::1%eth0', 'a..b']) {
    assert.throws(() => specOf('--allow', entry), wrongOption, entry);
  }
});

test('names', () => {
  assert.deepEqual(specOf('--no-dns').resolver, { disabled: true });
  assert.deepEqual(specOf('--dns', '9.9.9.9', '--no-dns').resolver, { disabled: true });
  assert.deepEqual(specOf('--no-dns', '--dns', '9.9.9.9').resolver, { servers: ['9.9.9.9'] });
  assert.deepEqual(specOf('--dns-search', '.').resolver, { search: [] });
  assert.throws(() => specOf('--no-dns', '--dns-search', 'x'), /--no-dns/);
  assert.deepEqual(specOf('--add-host', 'a:fd00::1', '--add-host', 'b:[fd00::2]').extraHosts, [{ name: 'a', address: 'fd00::1' }, { name: 'b', address: 'fd00::2' }]);
  for (const words of [['--dns', 'one'], ['--dns', '1.1.1.1:53'], ['--dns-search', 'a..b'], ['--dns-option', 'a b'], ['--add-host', 'a'], ['--add-host', ':1.1.1.1'], ['--add-host', 'a:'], ['--add-host', 'a:b']]) {
    assert.throws(() => specOf(...words), wrongOption, words.join(' '));
  }
});

test('the proxies of whoever asks', () => {
  assert.deepEqual(clientProxies({ HTTP_PROXY: 'http://a:1', https_proxy: 'http://b:2', NO_PROXY: '', no_proxy: '.example', PATH: '/bin' }), { HTTP_PROXY: 'http://a:1', https_proxy: 'http://b:2', no_proxy: '.example' });
});

test('the agent of whoever asks', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'agent-'));
  const path = join(directory, 'agent');
  const server = createServer().listen(path);
  try {
    await once(server, 'listening');
    assert.equal(agentSocket({ SSH_AUTH_SOCK: path }), path);
    writeFileSync(join(directory, 'file'), '');
    assert.throws(() => agentSocket({}), /SSH_AUTH_SOCK is not set/);
    for (const other of ['file', 'nowhere']) assert.throws(() => agentSocket({ SSH_AUTH_SOCK: join(directory, other) }), /not a socket/);
  } finally {
    server.close();
    rmSync(directory, { recursive: true });
  }
});
