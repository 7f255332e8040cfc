import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionGrants } from './connectionGrants.ts';
import { readConnections } from './connections.ts';
import { readRunArguments } from './runArguments.ts';

const read = (root: Record<string, unknown>) => {
  const found = readRunArguments((root['runArgs'] ?? []) as string[], { file: 'devcontainer.json', folder: '/home/anna/project', environment: {} });
  return { connections: readConnections(root, found, 'devcontainer.json'), ignoredArguments: [...new Set(found.ignored)] };
};
const network = (values: Record<string, unknown>): Record<string, unknown> => ({ customizations: { berth: { network: values } } });
const tcp = (hostPort: number, containerPort: number) => ({ hostPort, containerPort, protocol: 'tcp' });

describe('connections in devcontainer.json', () => {
  it('are an ordinary network when nothing is said', () => {
    assert.deepEqual(read({ image: 'a' }), { connections: { options: {}, proxies: true }, ignoredArguments: [] });
  });

  it('publish what appPort and runArgs name, once', () => {
    const { connections } = read({ appPort: [3000, '8000:8010'], runArgs: ['-p', '9000:90/udp', '-p3000:3000', '--publish=[::1]:1:2', '-P'] });
    assert.deepEqual(connections.options, {
      ports: [tcp(3000, 3000), tcp(8000, 8010), { hostPort: 9000, containerPort: 90, protocol: 'udp' }, { hostAddress: '::1', ...tcp(1, 2) }], publishAllPorts: true,
    });
  });

  it('take networks, names and addresses from runArgs, and name what they leave alone', () => {
    const { connections, ignoredArguments } = read({ runArgs: ['--network', 'back', '--network-alias=web', '--ip', '10.1.0.5', '--add-host=db:10.0.0.1', '--dns', '10.0.0.53', '--hostname', 'box', '--cap-add', 'SYS_PTRACE', '--init', '--device=x'] });
    assert.deepEqual(connections, {
      options: { networks: [{ network: 'back', aliases: ['web'], address: '10.1.0.5' }], resolver: { servers: ['10.0.0.53'] }, extraHosts: [{ name: 'db', address: '10.0.0.1' }] },
      hostname: 'box', proxies: true,
    });
    assert.deepEqual(ignoredArguments, ['--device']);
    assert.deepEqual(read({ runArgs: ['--network=none'] }).connections.options.networks, []);
    assert.deepEqual(read({ runArgs: ['--network=host'] }), { connections: { options: {}, proxies: true }, ignoredArguments: ['--network host'] });
    assert.deepEqual(read({ runArgs: ['--mac-address', '02:00:00:00:00:01'] }).connections.options.networks, [{ network: 'default', mac: '02:00:00:00:00:01' }]);
  });

  it('take Berth’s own part', () => {
    const { connections } = read(network({ policy: 'allowlist', allow: ['registry.example:443'], networks: ['default', 'back,alias=web'], dns: ['10.0.0.53'], ssh: true, proxies: false, certificates: false }));
    assert.deepEqual(connections, {
      options: {
        policy: { mode: 'allowlist', allow: ['registry.example:443'] }, networks: [{ network: 'default' }, { network: 'back', aliases: ['web'] }],
        resolver: { servers: ['10.0.0.53'] }, hostCertificates: false,
      },
      proxies: false, sshAgent: true,
    });
    assert.deepEqual(read(network({ networks: [] })).connections.options.networks, []);
    assert.deepEqual(read(network({ allow: ['a'] })).connections.options.policy, { mode: 'open', allow: ['a'] });
  });

  it('are refused when they cannot be meant; above all a policy', () => {
    const wrong: [Record<string, unknown>, RegExp][] = [
      [network({ policy: 'closed' }), /“customizations\.berth\.network\.policy” in devcontainer\.json must be one of open, /],
      [network({ polices: 'none' }), /has no property “polices”/],
      [network({ allow: 'a' }), /a list of texts/],
      [network({ networks: ['host'] }), /cannot use the network of the host/],
      [{ appPort: { a: 1 } }, /“appPort”/],
      [{ appPort: ['x'] }, /“appPort” in devcontainer\.json: “x” cannot be meant\. “x” is not a port/],
      [{ runArgs: ['-p'] }, /ends after “--publish”/],
      [{ runArgs: ['--dns', 'nowhere'] }, /“--dns nowhere” cannot be meant/],
    ];
    for (const [root, message] of wrong) assert.throws(() => read(root), { code: 'DevContainerInvalid', message });
  });
});

describe('what a configuration asks for beyond a network', () => {
  const grants = (root: Record<string, unknown>): number => connectionGrants(read(root).connections).length;

  it('is the agent, this machine’s own services, and ports for others', () => {
    assert.equal(grants(network({ ssh: true })), 1);
    assert.equal(grants(network({ policy: 'host-only' })), 1);
    assert.equal(grants({ appPort: ['0.0.0.0:80:80', '127.0.0.1:81:81', '[::1]:82:82', 83] }), 1);
    for (const entry of ['host.berth.internal:5432', 'HOST.docker.internal', '169.254.169.254', '127.0.0.1:80', '[::1]:80', '::1', 'fe80::1', '0.0.0.0/0', '::/0', '100.64.0.0/10', '::ffff:127.0.0.1', 'fd00:ec2::254', '*.berth.internal']) {
      assert.equal(grants(network({ policy: 'allowlist', allow: [entry] })), 1, entry);
    }
  });

  it('is nothing that an open network has', () => {
    for (const entry of ['registry.example:443', '*.example', '10.0.0.0/8', '192.0.2.1:22', '[fd12::/16]:443', '2001:db8::1', 'db']) {
      assert.equal(grants(network({ policy: 'allowlist', allow: [entry] })), 0, entry);
    }
  });
});
