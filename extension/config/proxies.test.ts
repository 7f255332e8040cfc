import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settingProxies } from './proxies.ts';

describe('VS Code’s proxy settings', () => {
  it('become the variables that programs know', () => {
    assert.deepEqual(settingProxies('http://proxy.example:3128', ['.local', 'a']), {
      HTTP_PROXY: 'http://proxy.example:3128', http_proxy: 'http://proxy.example:3128', HTTPS_PROXY: 'http://proxy.example:3128', https_proxy: 'http://proxy.example:3128', NO_PROXY: '.local,a', no_proxy: '.local,a',
    });
    assert.deepEqual(Object.keys(settingProxies('socks5://proxy.example:1080', [])), ['ALL_PROXY', 'all_proxy']);
    assert.deepEqual(settingProxies('', ['a']), {});
  });
});
