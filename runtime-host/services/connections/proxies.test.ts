import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConnection } from '../../store/containerRecord.ts';
import { besideOwn, policyWithProxies, proxyEnvironment } from './proxies.ts';

const network = { network: 'default', address: '192.168.80.2', prefixLength: 24, gateway: '192.168.80.1', address6: 'fd00:1:2:3::2', prefixLength6: 64, gateway6: 'fd00:1:2:3::1', mac: '02:00:00:00:00:02' };
const environmentOf = (proxies: Record<string, string>, neighbours: string[] = [], changes: Partial<ContainerConnection> = {}): Record<string, string> =>
  Object.fromEntries(proxyEnvironment({ networks: [network], proxies, ...changes }, neighbours).map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));

test('both spellings, and what needs no proxy', () => {
  const env = environmentOf({ https_proxy: 'http://proxy.example:3128', NO_PROXY: 'intranet.example, 10.0.0.0/8' }, ['db']);
  assert.deepEqual(Object.keys(env).sort(), ['HTTPS_PROXY', 'NO_PROXY', 'https_proxy', 'no_proxy']);
  assert.equal(env['HTTPS_PROXY'], 'http://proxy.example:3128');
  assert.equal(env['no_proxy'], 'intranet.example,10.0.0.0/8,localhost,127.0.0.1,::1,.berth.internal,host.docker.internal,192.168.80.0/24,fd00:1:2:3::/64,db');
  assert.equal(env['no_proxy'], env['NO_PROXY']);
  assert.equal(environmentOf({ HTTP_PROXY: 'p:1', no_proxy: '*' })['NO_PROXY'], '*');
});

test('nothing without a proxy or a network', () => {
  assert.deepEqual(environmentOf({ NO_PROXY: 'a.example' }), {});
  assert.deepEqual(environmentOf({ HTTP_PROXY: 'http://p:1' }, [], { networks: [] }), {});
  assert.deepEqual(proxyEnvironment(undefined, []), []);
});

test('the lower spelling wins where both say something', () => {
  for (const proxies of [{ http_proxy: 'low', HTTP_PROXY: 'high' }, { HTTP_PROXY: 'high', http_proxy: 'low' }]) assert.equal(environmentOf(proxies)['HTTP_PROXY'], 'low');
});

test('the host’s loopback addresses become its name, and everything else stays to the letter', () => {
  const cases: Record<string, string> = {
    'http://127.0.0.1:3128': 'http://host.berth.internal:3128',
    'http://user:p%40ss@localhost:3128/': 'http://user:p%40ss@host.berth.internal:3128/',
    'socks5h://[::1]': 'socks5h://host.berth.internal',
    'LocalHost:8080': 'host.berth.internal:8080',
    '127.8.9.1:8080': 'host.berth.internal:8080',
    'http://proxy.example:3128': 'http://proxy.example:3128',
    'http://localhost.example:1': 'http://localhost.example:1',
    'http://127.0.0.1@proxy.example:1': 'http://127.0.0.1@proxy.example:1',
    'http://[2001:db8::1]:1': 'http://[2001:db8::1]:1',
    'not an address': 'not an address',
  };
  for (const [given, expected] of Object.entries(cases)) assert.equal(environmentOf({ HTTP_PROXY: given })['http_proxy'], expected, given);
});

test('exactly the port of a proxy on the host is allowed', () => {
  const proxies = { HTTP_PROXY: 'http://127.0.0.1:3128', https_proxy: 'http://localhost:3128', ALL_PROXY: 'socks5://[::1]', FTP_PROXY: 'http://proxy.example:21', NO_PROXY: 'localhost:99' };
  assert.deepEqual(policyWithProxies({ mode: 'open' }, proxies), { mode: 'open', allow: ['host.berth.internal:3128', 'host.berth.internal:1080'] });
  assert.deepEqual(policyWithProxies({ mode: 'allowlist', allow: ['a.example', 'host.berth.internal:3128'] }, proxies).allow, ['a.example', 'host.berth.internal:3128', 'host.berth.internal:1080']);
  assert.deepEqual(policyWithProxies({ mode: 'none' }, proxies), { mode: 'none' });
  assert.deepEqual(policyWithProxies({ mode: 'host-only' }, proxies), { mode: 'host-only' });
  assert.deepEqual(policyWithProxies({ mode: 'learn' }, { HTTP_PROXY: 'https://localhost' }).allow, ['host.berth.internal:443']);
  assert.deepEqual(policyWithProxies({ mode: 'open' }), { mode: 'open' });
});

test('what the container is given by hand wins, however it is spelled', () => {
  const environment = ['HTTP_PROXY=a', 'http_proxy=a', 'NO_PROXY=b', 'no_proxy=b'];
  assert.deepEqual(besideOwn(['PATH=/bin', 'http_proxy='], environment), ['NO_PROXY=b', 'no_proxy=b']);
  assert.deepEqual(besideOwn([], environment), environment);
});
