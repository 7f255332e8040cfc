import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ContainerSpec } from '../../runtime-host/protocol/types.ts';
import { readUntil, startVmHarness, textOf, type VmHarness } from '../support/vmHarness.ts';

/*
 * What containers may do and what they find around them, against what docker gives them. Few machines, many questions.
 */

let berth: VmHarness;
/** Programs that make system calls, for the container's architecture and for its 32-bit forerunner. */
let programs: string;
before(async () => {
  programs = await mkdtemp(join(tmpdir(), 'programs-'));
  for (const [name, GOARCH] of [['calls', 'amd64'], ['calls32', '386']] as const) {
    execFileSync('go', ['build', '-ldflags', '-s -w', '-o', join(programs, name), join(import.meta.dirname, '../support/systemCalls.go')], { env: { ...process.env, CGO_ENABLED: '0', GOARCH, GOFLAGS: '' } });
  }
  berth = await startVmHarness();
}, { timeout: 240_000 });
after(async () => {
  await berth.stop();
  await rm(programs, { recursive: true });
});

const everything = '000001ffffffffff';
const dockersDefault = '00000000a80425fb';
const none = '0000000000000000';

const background = async (spec: Partial<ContainerSpec> = {}): Promise<string> => (await berth.background({ mounts: [{ source: programs, target: '/programs', readOnly: true }], ...spec })).id;

async function shell(id: string, script: string, options: Parameters<VmHarness['exec']>[2] = {}): Promise<string> {
  const { stdout, stderr, exitCode } = await berth.exec(id, ['sh', '-c', script], options);
  assert.deepEqual([stderr, exitCode], ['', 0], script);
  return stdout;
}

/** `CapEff CapBnd NoNewPrivs Seccomp` of a process, and that nothing can be inherited. */
async function rights(id: string, options: Parameters<VmHarness['exec']>[2] = {}, pid = 'self'): Promise<string> {
  const status = await shell(id, `cat /proc/${pid}/status`, options);
  const value = (name: string): string => new RegExp(`^${name}:\\s+(\\w+)$`, 'm').exec(status)?.[1] ?? assert.fail(status);
  assert.deepEqual([value('CapInh'), value('CapAmb'), value('CapPrm')], [none, none, value('CapEff')]);
  return [value('CapEff'), value('CapBnd'), value('NoNewPrivs'), value('Seccomp')].join(' ');
}

async function assertQuietBoot(id: string): Promise<void> {
  const log = await readFile(berth.paths.container(id).bootLog, 'utf8');
  assert.doesNotMatch(log, /WARNING|BUG:|Oops|Call Trace|unable to|vminitd: /);
}

test('an ordinary container has docker’s rights and surroundings', async (t) => {
  const id = await background();

  await t.test('capabilities and filter, of the first process and of further ones', async () => {
    const usual = `${dockersDefault} ${dockersDefault} 0 2`;
    assert.equal(await rights(id, {}, '1'), usual);
    assert.equal(await rights(id), usual);
    assert.equal(await rights(id, { user: 'user' }), `${none} ${dockersDefault} 0 2`);
    assert.equal(await rights(id, { user: '4711:4712' }), `${none} ${dockersDefault} 0 2`);
    assert.equal(await rights(id, { privileged: true }), `${everything} ${everything} 0 0`);
  });

  await t.test('system calls that no container needs are refused, whoever asks', async () => {
    // keyctl, unshare (of nothing), io_uring_setup, userfaultfd, setns, perf_event_open, reboot, init_module, socket(AF_VSOCK), socket(AF_ALG), lsm_list_modules, personality of System V
    const refused = ['250,0', '272,0', '425,0', '323', '308,-1', '298', '169', '175', '41,40,1', '41,38,5', '461', '135,1'];
    assert.equal(await shell(id, `/programs/calls ${refused.join(' ')}`), '1\n'.repeat(refused.length));
    // clone3, and what no kernel has
    assert.equal(await shell(id, '/programs/calls 435 5000 0x40000027'), '38\n38\n38\n');
    // getpid, landlock_create_ruleset (version), seccomp (available actions: bad address), prctl(PR_GET_NAME) (bad address), personality (which), ptrace(TRACEME)
    assert.equal(await shell(id, '/programs/calls 39 444,0,0,1 317,2,0,0 157,16,0 135,0xffffffff 101,0'), 'ok\nok\n14\n14\nok\nok\n');
    // The same in 32-bit programs: keyctl, unshare, mount, bpf; clone3; getpid.
    assert.equal(await shell(id, '/programs/calls32 288,0 310,0 21 357 435 20'), '1\n1\n1\n1\n38\nok\n');
    // With all rights and no filter: keyctl (a key), unshare (nothing), init_module and reboot (bad requests)
    assert.equal(await shell(id, '/programs/calls 250,0,-3,1 272,0 169', { privileged: true }), 'ok\nok\n22\n');
  });

  await t.test('what the kernel shows of the machine is hidden or cannot be changed', async () => {
    assert.equal(await shell(id, 'cat /proc/keys /proc/timer_list /proc/interrupts; ls /proc/acpi /sys/firmware 2>/dev/null | grep -v :'), '\n');
    for (const path of ['/proc/sys/kernel/domainname', '/proc/sysrq-trigger', '/sys/kernel/mm/ksm/run', '/sys/fs/cgroup/cgroup.procs']) {
      assert.notEqual((await berth.exec(id, ['sh', '-c', `echo 1 > ${path}`])).exitCode, 0, path);
    }
    assert.notEqual((await berth.exec(id, ['mount', '-t', 'tmpfs', 'none', '/mnt'])).exitCode, 0);
    assert.equal((await berth.exec(id, ['sh', '-c', 'mkdir /m; mount -t tmpfs none /m'], { privileged: true })).exitCode, 0);
    assert.equal(await shell(id, 'cat /proc/self/cgroup'), '0::/\n');
  });

  await t.test('mounts and devices', async () => {
    const mounts = await shell(id, 'cut -d" " -f2-4 /proc/mounts');
    for (const line of [
      '/ ext4 rw,', '/dev tmpfs rw,nosuid,', '/dev/pts devpts rw,nosuid,noexec,', '/dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k', '/dev/mqueue mqueue rw,nosuid,nodev,noexec,',
      '/sys sysfs ro,nosuid,nodev,noexec,', '/sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec,', '/proc proc rw,nosuid,nodev,noexec,', '/proc/sys proc ro,nosuid,nodev,noexec,',
    ]) assert.ok(mounts.split('\n').some((mount) => mount.startsWith(line)), `${line} in\n${mounts}`);
    assert.equal(await shell(id, 'ls /dev | xargs'), 'core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero\n');
    assert.equal(await shell(id, 'for d in null zero full random urandom tty; do stat -c "%A %t:%T" /dev/$d; done | xargs'),
      ['1:3', '1:5', '1:7', '1:8', '1:9', '5:0'].map((number) => `crw-rw-rw- ${number}`).join(' ') + '\n');
    assert.equal(await shell(id, 'echo through >/dev/stdout; ls -l /dev/ptmx | grep -o "pts/ptmx"'), 'through\npts/ptmx\n');
  });

  await t.test('devices of the machine cannot be opened, whatever their nodes are called', async () => {
    const number = (path: string): string => `$(cat ${path} | tr : " ")`;
    await shell(id, `mknod /disk b ${number('/sys/block/vda/dev')}; mknod /port c ${number('/sys/class/virtio-ports/*/dev')}; mknod /log c 1 11; mknod /nothing c 1 3; ln -s /disk /link`);
    assert.equal(await shell(id, 'echo x > /nothing; echo x > /dev/null; head -c 1 /dev/urandom | wc -c'), '1\n');
    for (const privileged of [false, true]) { // docker's exec --privileged has the container's devices, too
      for (const command of ['head -c 1 /disk', 'head -c 1 /link', ': > /disk', ': <> /port', 'head -c 1 /log']) {
        const { stderr, exitCode } = await berth.exec(id, ['sh', '-c', command], { privileged });
        assert.match(stderr, /Operation not permitted|permission denied/, command);
        assert.notEqual(exitCode, 0, command);
      }
    }
    await shell(id, 'rm /disk /port /log /nothing /link');
  });

  await t.test('what root can do in the container does not stop vminitd', async () => {
    // Threads are left for it, however many the container has.
    await shell(id, '[ $(cat /sys/fs/cgroup/pids.max) -lt $(cat /proc/sys/kernel/threads-max) ]');
    await shell(id, 'mv /dev/null /dev/nothing; mkfifo /dev/null');
    await assert.rejects(berth.exec(id, ['true']), /\/dev\/null is not that device any more/);
    await shell(id, 'mv /dev/nothing /dev/null', { input: '' });
    await shell(id, 'true');
  });

  await t.test('names, limits and users', async () => {
    assert.equal(await shell(id, 'hostname; cat /etc/hostname'), `${id.slice(0, 12)}\n`.repeat(2));
    const { networks } = await berth.containers.inspect(id);
    assert.ok((await shell(id, 'cat /etc/resolv.conf')).startsWith(`nameserver ${networks?.[0]?.gateway}\nnameserver ${networks?.[0]?.gateway6}\n`));
    assert.match(await shell(id, 'cat /etc/hosts'), new RegExp(`^127.0.0.1\tlocalhost\n(.*\n)*[0-9.]+\t${id.slice(0, 12)}\n`));
    assert.equal(await shell(id, 'ulimit -Sn; ulimit -Hn'), '1048576\n1048576\n');
    const who = (user: string): Promise<string> => shell(id, 'echo $(id -u) $(id -g) $(id -G) $HOME', { user });
    assert.deepEqual([await who('user'), await who('1000'), await who('user:audio'), await who('4711'), await who(':29')],
      ['1000 1000 1000 29 /home/user\n', '1000 1000 1000 29 /home/user\n', '1000 29 29 /home/user\n', '4711 0 0 /\n', '0 29 29 /root\n']);
  });

  await assertQuietBoot(id);
  await berth.containers.remove(id, { force: true });
});

test('a container with everything chosen, and an init', async (t) => {
  const { id } = await berth.create({
    command: ['sh', '-c', 'trap "echo interrupted; exit 3" INT; ls -l /dev/console; tty; echo ready; while :; do sleep 0.1; done'],
    terminal: true, stdin: true, init: true, hostname: 'chosen.example', user: 'user', additionalGroups: ['nogroup', '4711'],
    capDrop: ['ALL'], capAdd: ['cap_chown', 'NET_ADMIN'], noNewPrivileges: true, ulimits: [{ name: 'nofile', soft: 100, hard: 200 }, { name: 'core', soft: 0, hard: -1 }], pidsLimit: 60,
    readOnlyRoot: true, tmpfs: [{ target: '/tmp', options: 'size=1m,exec' }, { target: '/made/here', options: 'mode=700,uid=1000,ro' }], sharedMemoryBytes: 8 * 1024 ** 2,
    workingDirectory: '/work/made', mounts: [{ source: programs, target: '/tmp/programs', readOnly: true }],
  });
  const streams = await berth.containers.attach(id, { start: true });
  const root = { user: 'root', workingDirectory: '/' };

  await t.test('the init is the first process, and the terminal is the console', async () => {
    assert.match(await readUntil(streams.stdout, /ready\r\n/), /crw--w---- +1 user +\w+ +136, +0 .* \/dev\/console\r\n\/dev\/(console|pts\/0)\r\n/);
    assert.equal(await shell(id, 'cat /proc/1/comm; tr "\\0" " " < /proc/1/cmdline', root).then((text) => text.split(' ', 3).join(' ')), 'container-init\ncontainer-init /bin/sh sh');
    assert.equal(await rights(id, {}, '1'), `${none} 0000000000001001 1 2`);
  });

  await t.test('orphans are collected', async () => {
    await shell(id, 'sh -c "sleep 0.1 & echo \\$! > /tmp/orphan"; while [ -e /proc/$(cat /tmp/orphan) ]; do sleep 0.05; done');
  });

  await t.test('capabilities, groups, limits, name', async () => {
    assert.equal(await rights(id, root), '0000000000001001 0000000000001001 1 2');
    assert.equal(await shell(id, 'id -G; ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Hc; hostname; pwd'), '1000 29 4711 65534\n100\n200\n0\nunlimited\nchosen.example\n/work/made\n');
    assert.equal((await berth.exec(id, ['chroot', '/', 'true'], root)).exitCode, 1);
  });

  await t.test('the root cannot be written, file systems in memory can', async () => {
    assert.notEqual((await berth.exec(id, ['touch', '/file'], root)).exitCode, 0);
    assert.match(await shell(id, 'grep " / " /proc/mounts'), / ext4 ro,/);
    assert.equal(await shell(id, 'echo x > /tmp/x; echo y > /dev/shm/y; /tmp/programs/calls 39; stat -c "%a %u" /made/here /tmp', root), 'ok\n700 1000\n1777 0\n');
    const mounts = await shell(id, 'cut -d" " -f2-4 /proc/mounts');
    assert.match(mounts, /^\/tmp tmpfs rw,nosuid,nodev,relatime,size=1024k/m);
    assert.match(mounts, /^\/made\/here tmpfs ro,nosuid,nodev,noexec,/m);
    assert.match(mounts, /^\/dev\/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=8192k/m);
  });

  await t.test('there are no more processes than allowed', async () => {
    const { stderr } = await berth.exec(id, ['sh', '-c', 'for i in $(seq 70); do sleep 1000 > /dev/null 2>&1 & done'], root);
    assert.match(stderr, /can't fork/);
  });

  await t.test('Ctrl-C reaches the command once, and its status is the container’s', async () => {
    const rest = textOf(streams.stdout);
    streams.stdin.write('\x03');
    assert.equal((await streams.exit).exitCode, 3);
    assert.equal((await rest).match(/interrupted/g)?.length, 1);
  });
  await berth.containers.wait(id);
  await assertQuietBoot(id);
  await berth.containers.remove(id);
});

test('a privileged container has all of its machine', async () => {
  const id = await background({ privileged: true, init: true, command: ['sh', '-c', 'kill -STOP $$; exit 5'] });
  assert.equal(await rights(id), `${everything} ${everything} 0 0`);
  assert.equal(await shell(id, 'mkdir /m /sys/fs/cgroup/mine; mount -t tmpfs none /m; echo 1 > /proc/sys/vm/drop_caches; head -c 1 /dev/vda | wc -c; [ -s /proc/interrupts ]; ls /dev | grep vport || true'), '1\n');
  assert.match(await shell(id, 'cat /proc/mounts'), / \/sys\/fs\/cgroup cgroup2 rw,/);
  assert.equal(await shell(id, '/programs/calls 250,0,-3,1 272,0x4000000 435'), 'ok\nok\n22\n');
  // As systemd and Docker do it in a container: all processes go below, so that controllers can be used there.
  await shell(id, 'cd /sys/fs/cgroup; for p in $(cat cgroup.procs); do echo $p > mine/cgroup.procs; done 2>/dev/null; echo +pids > cgroup.subtree_control');
  assert.equal(await shell(id, 'cat /proc/self/cgroup; cat /sys/fs/cgroup/mine/pids.max'), '0::/mine\nmax\n');
  await assertQuietBoot(id);
  await berth.containers.signal(id, 'CONT'); // passed on by the init
  assert.deepEqual(await berth.containers.wait(id), { exitCode: 5 });
  await berth.containers.remove(id);
});

test('what cannot be is refused when the container is created', async () => {
  const refused = (spec: Partial<ContainerSpec>, message: RegExp): Promise<void> => assert.rejects(berth.create(spec), { code: 'InvalidArgument', message });
  await refused({ capAdd: ['FLY'] }, /“FLY” is no capability/);
  await refused({ ulimits: [{ name: 'files', soft: 1, hard: 1 }] }, /“files” is no limit/);
  await refused({ tmpfs: [{ target: '/proc/x' }] }, /no tmpfs at “\/proc\/x”/);
  await refused({ hostname: 'no name' }, /is no host name/);
  const { id } = await berth.create({ command: ['true'], additionalGroups: ['ghosts'] });
  await assert.rejects(berth.containers.start(id), { code: 'UserNotFound', message: /“ghosts”/ });
  await berth.containers.remove(id);
});
