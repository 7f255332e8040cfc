import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { GuestClient } from '../../runtime-host/guest/guestClient.ts';
import { bootGuest } from '../support/guestMachine.ts';
import { startVmHarness, type VmHarness } from '../support/vmHarness.ts';

/* What vminitd does of a network, with QEMU's own user network in place of netd: nothing leaves the machine. */

let berth: VmHarness;
before(async () => (berth = await startVmHarness()), { timeout: 120_000 });
after(() => berth.stop());

const user = 'user,restrict=on,ipv4=on,ipv6=on,net=10.9.0.0/24,host=10.9.0.1,ipv6-prefix=fd12:3456::,ipv6-host=fd12:3456::1';
const device = (index: number, mac: string, mtu: number): string[] => ['-netdev', `${user},id=net${index}`, '-device', `virtio-net-device,netdev=net${index},mac=${mac},host_mtu=${mtu}`];
const macs = ['5a:94:ef:00:00:01', '5a:94:ef:00:00:02'] as const;

test('interfaces, names and files', { timeout: 120_000 }, async (t) => {
  const overlay = join(berth.paths.runtime, 'network.qcow2');
  const first = await bootGuest(berth, { overlay });
  await first.shell('ls /sys/class/net | grep -qx lo; cat /etc/hosts | grep -q "127.0.1.1.*box"; [ ! -e /etc/resolv.conf ]');
  await first.shell('rm /etc/hosts; mkfifo /etc/hosts; ln -s /run/elsewhere /etc/resolv.conf; rm /etc/hostname; mkdir /etc/hostname; chmod 600 /etc/passwd');
  await first.stop();

  const machine = await bootGuest(berth, {
    overlay,
    qemu: [...device(1, macs[1], 1500), ...device(0, macs[0], 9000)],
    container: {
      hostname: 'web.example.test',
      interfaces: [
        { mac: macs[0].toUpperCase(), addresses: ['10.9.0.7/24', 'fd12:3456::7/64'], gateway4: '10.9.0.1', gateway6: 'fd12:3456::1', mtu: 9000 },
        { mac: macs[1], addresses: ['10.8.0.3/16'], mtu: 1400 },
      ],
      resolver: { servers: ['10.9.0.1', 'fd12:3456::1'], search: ['example.test', 'test'], options: ['ndots:2'] },
      hosts: [{ name: 'db', address: '10.9.0.9' }],
    },
  });

  await t.test('addresses, at once, and answers to them', async () => {
    const addresses = await machine.shell('ip addr show; ping -c 1 -W 5 10.9.0.1; ping -c 1 -W 5 fd12:3456::1');
    assert.match(addresses, /eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9000 .*\n.*5a:94:ef:00:00:01.*\n\s+inet 10\.9\.0\.7\/24 brd 10\.9\.0\.255 scope global eth0\n/);
    assert.match(addresses, /eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 .*\n.*5a:94:ef:00:00:02.*\n\s+inet 10\.8\.0\.3\/16 brd 10\.8\.255\.255 scope global eth1\n/);
    // QEMU's router advertises the prefix: nobody listens.
    assert.deepEqual(addresses.match(/inet6 \S+ scope \w+( tentative)?/g), ['inet6 ::1/128 scope host', 'inet6 fd12:3456::7/64 scope global', 'inet6 fe80::5894:efff:fe00:1/64 scope link']);
    assert.match(await machine.shell('ip route; ip -6 route'), /^default via 10\.9\.0\.1 dev eth0.*\n(.*\n)*default via fd12:3456::1 dev eth0/);
  });

  await t.test('the container’s users may ping and listen', async () => {
    // BusyBox's ping wants a raw socket and does not know the kind that the kernel lets everybody have.
    assert.equal(await machine.shell('cat /proc/sys/net/ipv4/ping_group_range; nc -l -p 80 & until echo x | nc 127.0.0.1 80; do sleep 0.1; done', 'user'), '0\t2147483647\nx\n');
  });

  await t.test('/etc/hosts, /etc/resolv.conf and what was in their place', async () => {
    assert.equal(await machine.shell('hostname; cat /etc/resolv.conf'), 'web.example.test\nnameserver 10.9.0.1\nnameserver fd12:3456::1\nsearch example.test test\noptions ndots:2\n');
    assert.equal(await machine.shell('grep -v "^f[ef]0" /etc/hosts; [ -f /etc/hosts -a -d /etc/hostname -a ! -e /run/elsewhere ]'),
      '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n10.9.0.9\tdb\n'
      + ['10.9.0.7', 'fd12:3456::7', '10.8.0.3'].map((address) => `${address}\tweb.example.test web\n`).join(''));
    assert.match(await machine.bootLog(), /\/etc\/hostname: .*is a directory/);
  });
  await machine.stop();
});

test('certificates come with the host’s and go with them, also where the root is read-only', { timeout: 120_000 }, async () => {
  const directory = await mkdtemp(join(berth.paths.runtime, 'ca'));
  const file = join(directory, 'ca.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null', '-out', file, '-subj', '/O=Test  Corp/CN=Root'], { stdio: 'pipe' });
  const certificates = [await readFile(file)];
  const hash = execFileSync('openssl', ['x509', '-noout', '-subject_hash', '-in', file], { encoding: 'utf8' }).trim();
  const overlay = join(directory, 'root.qcow2');
  const list = 'cd /etc/ssl/certs; cat ca-certificates.crt; find /usr/local/share/ca-certificates /etc/ssl/certs -not -type d | sort';

  const first = await bootGuest(berth, { overlay, container: { certificates } });
  assert.equal(await first.shell('find / -xdev -name "*berth-*"'), '', 'the image has no store');
  await first.shell('mkdir -p /etc/ssl/certs /usr/local/share; echo image > /etc/ssl/certs/ca-certificates.crt; chmod 640 /etc/ssl/certs/ca-certificates.crt; chown user /etc/ssl/certs/ca-certificates.crt');
  await first.stop();
  const world = { temporary: [], sharedMemoryBytes: 0n, readOnlyRoot: true, privileged: false, unmasked: false, maximumProcesses: 0n };
  const listen = (guest: GuestClient): Promise<unknown> => guest.listen({ path: '/run/here/agent.sock', mode: 0o600 }, () => undefined, assert.fail);
  const second = await bootGuest(berth, { overlay, container: { certificates, world }, prepare: listen });
  assert.equal(await second.shell('stat -c "%F %a" /run/here/*'), 'socket 600\n');
  await writeFile(file, await second.shell(`cat /etc/ssl/certs/${hash}.0; stat -c "%a %U" /etc/ssl/certs/ca-certificates.crt`));
  assert.match(await readFile(file, 'utf8'), /640 user\n$/);
  execFileSync('openssl', ['verify', '-no-CApath', '-CAfile', file, file], { stdio: 'pipe' });
  assert.ok((await second.shell(list)).startsWith(`image\n# Berth: certificates of the host\n${certificates[0]?.toString()}`));
  await second.stop();
  assert.doesNotMatch(await second.bootLog(), /vminitd: /);
  const third = await bootGuest(berth, { overlay });
  assert.equal(await third.shell(list), 'image\n/etc/ssl/certs/ca-certificates.crt\n');
  await third.stop();
});

test('an interface that the machine does not have is an error that names it', { timeout: 60_000 }, async () => {
  const starting = bootGuest(berth, { container: { interfaces: [{ mac: macs[0], addresses: [], mtu: 1500 }] } });
  await assert.rejects(starting, /eth0: there is no network device with the address 5a:94:ef:00:00:01/);
});
