import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionMembers, isAllowEntry, networkCreate } from './networkSchema.ts';
import { object } from './validate.ts';

test('what a policy may allow', () => {
  const right = ['example.com', 'example.com:443', '*.example.com', '*.example.com:80', '10.0.0.0/8', '10.0.0.0/8:443', '1.2.3.4', '1.2.3.4:53', '::1', '[::1]', '[::1]:80', 'fd00::/8', '[fd00::/8]:443', 'web', 'bücher.example', 'host.berth.internal:5432', 'example.com.'];
  const wrong = ['', ':80', 'example.com:0', 'example.com:65536', 'example.com:http', 'https://example.com', '*', '*.', 'a..b', 'x*.example.com', '1.2.3', '1.2.3.4.5', '256.0.0.1', '10.0.0.0/33', '[1.2.3.4]:80', '[::1', 'fe80::1%eth0', 'a b', '0x7f.1'];
  for (const entry of right) assert.ok(isAllowEntry(entry), entry);
  for (const entry of wrong) assert.ok(!isAllowEntry(entry), entry);
});

test('connections', () => {
  const check = object(connectionMembers);
  const whole = {
    networks: [{ network: 'n', aliases: ['a'], address: '10.0.0.2', address6: 'fd00::2', mac: '02:42:ac:11:00:02' }], ports: [{ hostAddress: '::1', hostPort: 0, containerPort: 80, protocol: 'tcp' as const }],
    publishAllPorts: true, sockets: [{ hostPath: '/a', containerPath: '/b' }], policy: { mode: 'allowlist' as const, allow: ['web'] }, resolver: { servers: ['1.1.1.1'], search: ['corp.example', '.'], options: ['ndots:2'], disabled: false },
    extraHosts: [{ name: 'db', address: 'host-gateway' }], proxies: { HTTPS_PROXY: 'http://proxy:3128' }, hostCertificates: false, sshAgent: '/run/agent',
  };
  assert.deepEqual(check(whole, ''), whole);
  const port = whole.ports[0]!;
  const wrong = [
    { networks: [{ network: '../x' }] }, { networks: [{ network: 'n', address: 'fd00::2' }] }, { networks: [{ network: 'n', mac: '02-42:ac:11:00:02' }] }, { ports: [{ ...port, hostPort: 65_536 }] }, { ports: [{ ...port, containerPort: 0 }] },
    { ports: [{ ...port, protocol: 'sctp' }] }, { ports: [{ ...port, hostAddress: 'localhost' }] }, { sockets: [{ hostPath: 'a', containerPath: '/b' }] }, { policy: { mode: 'closed' } }, { policy: { mode: 'open', allow: ['*'] } },
    { resolver: { servers: ['dns'] } }, { resolver: { search: ['a b'] } }, { resolver: { options: ['a\nnameserver 1.1.1.1'] } }, { extraHosts: [{ name: 'a b', address: '1.1.1.1' }] }, { extraHosts: [{ name: 'a', address: 'b' }] }, { sshAgent: 'agent' },
  ];
  for (const spec of wrong) assert.throws(() => check(spec, ''), { code: 'InvalidArgument' }, JSON.stringify(spec));
});

test('networks', () => {
  for (const spec of [{ name: 'n' }, { name: 'n', subnet: '10.0.0.0/24', subnet6: 'fd00::/64', labels: { a: '' } }, { name: 'n', subnet6: false as const }]) assert.deepEqual(networkCreate(spec, ''), spec);
  for (const spec of [{}, { name: 'a/b' }, { name: 'n', subnet: '10.0.0.0' }, { name: 'n', subnet: 'fd00::/64' }, { name: 'n', subnet6: true }, { name: 'n', subnet6: '10.0.0.0/8' }]) assert.throws(() => networkCreate(spec, ''), { code: 'InvalidArgument' }, JSON.stringify(spec));
});
