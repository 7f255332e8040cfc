import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogger } from '../../runtime-host/base/log.ts';
import { findProcesses, processEnd } from '../../runtime-host/base/processes.ts';
import { findNetd } from '../../runtime-host/net/netdBinary.ts';
import { gatewayMac } from '../../runtime-host/net/memberAddresses.ts';
import { NetdClient } from '../../runtime-host/net/netdClient.ts';
import { socketArgument } from '../../runtime-host/net/netdProcess.ts';
import type { NetdMember, NetdMemberStatus } from '../../runtime-host/net/netdTypes.ts';
import { BerthPaths, type NetworkPaths } from '../../runtime-host/protocol/paths.ts';
import { NetdSupervisor } from '../../runtime-host/services/networks/netdSupervisor.ts';

/* The host's side of a network with the real netd, and sockets in place of virtual machines. */

const options = { timeout: 60_000 };
const network = { name: 'lan', subnet4: '192.168.80.0/24', gateway4: '192.168.80.1', host4: '192.168.80.254', gatewayMac, mtu: 1500, resolvConf: '/dev/null', hosts: '/dev/null' };
const port = { hostAddress: '127.0.0.1', hostPort: 0, containerPort: 80, protocol: 'tcp' as const };
const memberOf = (number: number): NetdMember => ({ name: `c${number}`, aliases: [], mac: `02:00:00:00:00:0${number}`, address4: `192.168.80.${number}`, ports: [port], policy: { mode: 'open', allow: [] }, knows: [] });

interface Sent {
  readonly id: string;
  readonly status: NetdMemberStatus;
  readonly isNew: boolean;
}

class Scratch extends EventEmitter<{ sent: [Sent] }> {
  readonly notices: string[] = [];
  /** Members whose VM has lost a connection and got another one. */
  readonly relinked: string[] = [];
  readonly lines: string[] = [];
  readonly paths: NetworkPaths;
  readonly #directory: string;
  readonly #open: { release(): Promise<void> }[] = [];

  constructor(directory: string) {
    super();
    this.#directory = directory;
    this.paths = new BerthPaths({ BERTH_HOME: directory, BERTH_RUNTIME_DIR: join(directory, 'run') }).network('lan');
  }

  supervisor(program: () => Promise<string> = () => findNetd()): NetdSupervisor {
    const supervisor = new NetdSupervisor({
      network, paths: this.paths, program, log: createLogger((line) => this.lines.push(line)), notify: (notice) => this.notices.push(notice), answerMilliseconds: 3000,
      onSent: (id, status, isNew) => this.emit('sent', { id, status, isNew }), onActivity: () => undefined, completeSending: async (id) => void this.relinked.push(id),
    });
    this.#open.push(supervisor);
    return supervisor;
  }

  /** What listens in place of a VM. */
  async machine(name: string): Promise<{ readonly server: Server; readonly socket: string }> {
    const socket = join(this.#directory, name);
    const server = createServer((connection) => connection.on('error', () => undefined)).listen(socket);
    await once(server, 'listening');
    this.#open.push({ release: async () => void server.close() });
    return { server, socket };
  }

  async pid(): Promise<number | undefined> {
    const argument = socketArgument(this.paths.socket);
    return (await findProcesses([argument])).get(argument);
  }

  async close(): Promise<void> {
    for (const each of this.#open) await each.release();
    const pid = await this.pid();
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await rm(this.#directory, { recursive: true });
  }
}

async function scratch(context: TestContext): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), 'nsv-'));
  await mkdir(join(directory, 'run'), { mode: 0o700 });
  const made = new Scratch(directory);
  context.after(() => made.close());
  return made;
}

const portOf = ({ ports }: NetdMemberStatus): number => ports[0]?.hostPort ?? 0;

test('a netd that is killed comes back at once, with its members, their ports and their links', options, async (context) => {
  const berth = await scratch(context);
  const supervisor = berth.supervisor();
  const { server, socket } = await berth.machine('vm');
  const linked = once(server, 'connection');
  const [status] = await Promise.all([supervisor.set('a', memberOf(2)), supervisor.set('b', memberOf(3))]);
  await supervisor.link('a', socket);
  await linked;
  const pid = await berth.pid();
  assert.ok(pid && portOf(status) > 0);
  assert.deepEqual(berth.relinked, []);
  const [again, back] = [once(server, 'connection'), once(berth, 'sent')];
  process.kill(pid, 'SIGKILL');
  const [sent] = (await back) as [Sent];
  assert.deepEqual([sent.id, sent.isNew, portOf(sent.status)], ['a', true, portOf(status)], 'the port that was chosen stays the same');
  await again;
  assert.notEqual(await berth.pid(), pid);
  await supervisor.set('b', memberOf(3)); // In turn: everything before has been done.
  assert.deepEqual(berth.relinked, ['a']);
  assert.deepEqual(berth.notices, []);
});

test('a netd that is frozen is ended and replaced when something is asked of it', options, async (context) => {
  const berth = await scratch(context);
  const supervisor = berth.supervisor();
  await supervisor.set('a', memberOf(2));
  const pid = (await berth.pid())!;
  process.kill(pid, 'SIGSTOP');
  while (!/\) T /.test(await readFile(`/proc/${pid}/stat`, 'utf8'))) await turn();
  const status = await supervisor.set('b', memberOf(3));
  assert.equal(status.id, 'b');
  assert.notEqual(await berth.pid(), pid);
  assert.deepEqual((await new NetdClient(berth.paths.socket).status()).members.map(({ id }) => id).sort(), ['a', 'b']);
});

test('the next host finds netd as it is, and takes out who is gone', options, async (context) => {
  const berth = await scratch(context);
  const first = berth.supervisor();
  const { server, socket } = await berth.machine('vm');
  const [connection] = [once(server, 'connection'), await first.set('a', memberOf(2)), await first.set('gone', memberOf(3))];
  await first.link('a', socket);
  const [link] = (await connection) as [{ destroyed: boolean }];
  const [pid, before] = [await berth.pid(), await new NetdClient(berth.paths.socket).member('a')];
  await first.release();
  const second = berth.supervisor();
  const sent: Sent[] = [];
  berth.on('sent', (each) => sent.push(each));
  await second.resume(new Map([['a', { member: memberOf(2), socket }]]), false);
  assert.deepEqual([sent.length, sent[0]?.isNew, sent[0] && portOf(sent[0].status)], [1, false, portOf(before)]);
  assert.equal(await berth.pid(), pid);
  assert.ok(!link.destroyed, 'the link was not touched');
  assert.deepEqual((await new NetdClient(berth.paths.socket).status()).members.map(({ id, linked }) => [id, linked]), [['a', true]]);
  await second.leave('a');
  await second.release();
  // Nobody needs it any more.
  await processEnd(pid!, socketArgument(berth.paths.socket));
});

test('a port that somebody else takes while netd is away is told, and the rest goes on', options, async (context) => {
  const berth = await scratch(context);
  const first = berth.supervisor();
  const status = await first.set('a', memberOf(2));
  await first.release();
  process.kill((await berth.pid())!, 'SIGKILL');
  const thief = createServer();
  context.after(() => thief.close());
  for (;;) {
    // The port is free when netd's process is really gone.
    const taken = await new Promise<boolean>((resolve) => thief.once('error', () => resolve(false)).listen(portOf(status), '127.0.0.1', () => resolve(true)));
    if (taken) break;
  }
  const second = berth.supervisor();
  const back = once(berth, 'sent');
  await second.resume(new Map([['a', { member: { ...memberOf(2), ports: [{ ...port, hostPort: portOf(status) }] } }]]), false);
  const [sent] = (await back) as [Sent];
  assert.deepEqual(sent.status.ports, []);
  await second.change('a', { ...memberOf(2), name: 'renamed', ports: [{ ...port, hostPort: portOf(status) }] });
  assert.match(berth.notices.join(), new RegExp(`port ${(thief.address() as AddressInfo).port} .*“c2” any more`));
  await assert.rejects(second.set('b', { ...memberOf(3), ports: [{ ...port, hostPort: portOf(status) }] }), { code: 'PortInUse' });
});

test('a netd of another range is replaced; one that does not start says why', options, async (context) => {
  const berth = await scratch(context);
  const first = berth.supervisor();
  await first.set('a', memberOf(2));
  const client = new NetdClient(berth.paths.socket);
  const pid = await berth.pid();
  await first.release();
  await client.removeMember('a');
  await client.setNetwork({ ...network, subnet4: '10.9.0.0/24', gateway4: '10.9.0.1', host4: '10.9.0.254' });
  await client.setMember('x', { ...memberOf(2), address4: '10.9.0.2', ports: [] });
  await berth.supervisor().set('a', memberOf(2));
  assert.notEqual(await berth.pid(), pid);
  const other = await scratch(context);
  await mkdir(dirname(other.paths.log), { recursive: true });
  await writeFile(other.paths.log, '{"msg":"of an earlier one"}\n');
  await assert.rejects(other.supervisor(() => Promise.resolve('/bin/false')).set('a', memberOf(2)), { code: 'NetworkFailed', message: /did not start: It ended with status 1\. .*netd\.log/ });
  const talking = join(dirname(other.paths.log), 'netd');
  await writeFile(talking, '#!/bin/sh\necho \'{"msg":"cannot listen","error":"no space"}\'\nexit 1\n', { mode: 0o700 });
  await assert.rejects(other.supervisor(() => Promise.resolve(talking)).set('a', memberOf(2)), { message: /did not start: cannot listen: no space\. Its log/ });
  await assert.rejects(other.supervisor(() => findNetd({ BERTH_NETD: '/nonexistent' })).set('a', memberOf(2)), { code: 'NetworkFailed', message: /\/nonexistent/ });
});

test('two ports of this machine for one of the container’s stay two', options, async (context) => {
  const berth = await scratch(context);
  const supervisor = berth.supervisor();
  const member = { ...memberOf(2), ports: [port, port] };
  const { ports } = await supervisor.set('a', member);
  assert.deepEqual((await supervisor.set('a', member)).ports, ports);
});

test('a netd that cannot be started for somebody new is still tried for those that there are', options, async (context) => {
  const berth = await scratch(context);
  let program = (): Promise<string> => findNetd();
  const supervisor = berth.supervisor(() => program());
  await supervisor.set('a', memberOf(2));
  program = () => Promise.resolve('/bin/false');
  process.kill((await berth.pid())!, 'SIGKILL');
  await assert.rejects(supervisor.set('b', memberOf(3)), { code: 'NetworkFailed' });
  await assert.rejects(supervisor.change('a', { ...memberOf(2), ports: [port, port] }), { code: 'NetworkFailed' });
  const back = once(berth, 'sent');
  program = () => findNetd();
  const [sent] = (await back) as [Sent];
  assert.deepEqual([sent.id, sent.status.ports.length], ['a', 2], 'with what it was told meanwhile');
});

test('what is told of somebody who has left does not bring them back', options, async (context) => {
  const berth = await scratch(context);
  const supervisor = berth.supervisor();
  await Promise.all([supervisor.set('a', memberOf(2)), supervisor.set('b', memberOf(3)), supervisor.leave('b'), supervisor.change('b', memberOf(3))]);
  assert.deepEqual((await new NetdClient(berth.paths.socket).status()).members.map(({ id }) => id), ['a']);
});
