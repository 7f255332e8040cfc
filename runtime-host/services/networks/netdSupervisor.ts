import { existsSync } from 'node:fs';
import type { Logger } from '../../base/log.ts';
import { SerialQueue } from '../../base/serialQueue.ts';
import { netdFailure, type NetdClient } from '../../net/netdClient.ts';
import { endNetd, ensureNetd, findRunningNetd, type Netd } from '../../net/netdProcess.ts';
import type { NetdMember, NetdMemberStatus, NetdNetwork } from '../../net/netdTypes.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { NetworkActivity } from '../../protocol/networks.ts';
import type { NetworkPaths } from '../../protocol/paths.ts';
import { cutDown } from '../run/consoleLimit.ts';
import { withPorts } from './ports.ts';

const unusedMilliseconds = 5000;
/** A netd that lived longer than that did not fail at its start, and is started again at once. */
const soundMilliseconds = 10_000;
const [firstPause, longestPause] = [100, 30_000];
const failuresToTell = 3;
const relinkMilliseconds = 1000;
const logMilliseconds = 30_000;

export interface SupervisorOptions {
  readonly network: NetdNetwork;
  readonly paths: NetworkPaths;
  readonly program: () => Promise<string>;
  readonly log: Logger;
  /** Tells the user. */
  readonly notify: (message: string) => void;
  readonly answerMilliseconds?: number;
  /** @param isNew whether netd has not known the member before, so that it counts from 0. @param netd identifies the process */
  readonly onSent: (member: string, status: NetdMemberStatus, isNew: boolean, netd: string) => void;
  /** Makes the VM of a member complete what it has begun to send: nothing that it sends arrives at the moment. Never rejects. */
  readonly completeSending: (member: string) => Promise<void>;
  readonly onActivity: (member: string, entries: readonly NetworkActivity[]) => void;
}

/** What netd is to know of a member. */
export interface DesiredMember {
  readonly member: NetdMember;
  /** Its VM's socket, once that listens. */
  readonly socket?: string;
}

interface Live {
  readonly netd: Netd;
  readonly watch: AbortController;
  readonly since: number;
}

/**
 * Keeps one network's netd running while it has members, and sees to it that it knows what this host wants, whatever
 * happens to it. Everything is done in turn.
 */
export class NetdSupervisor {
  readonly #options: SupervisorOptions;
  readonly #desired = new Map<string, DesiredMember>();
  readonly #queue = new SerialQueue();
  #live: Live | undefined;
  #released = false;
  #failures = 0;
  /** Whether members are to stay that this host does not know. */
  #keepsStrangers = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #logTimer: NodeJS.Timeout;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#logTimer = setInterval(() => this.#live && void this.#cutLog(), logMilliseconds).unref();
  }

  get isUsed(): boolean {
    return this.#desired.size > 0;
  }

  /**
   * Adds a member or changes it; starts netd if there is none.
   * @throws BerthError PortInUse, NetworkInvalid, NetworkFailed: it is as it was then
   */
  set(id: string, member: NetdMember): Promise<NetdMemberStatus> {
    return this.#queue.run(() => this.#set(id, member)).finally(() => this.#stopWhenUnused());
  }

  /** Changes a member, like {@link set}; one that has left meanwhile stays away. Where no netd can be had, the next one hears of it. */
  change(id: string, member: NetdMember): Promise<void> {
    return this.#queue.run(async () => {
      const before = this.#desired.get(id);
      if (!before) return;
      try {
        await this.#set(id, member, (client, wanted) => this.#sendWithPossiblePorts(client, id, wanted));
      } catch (error) {
        if (!this.#live) this.#desired.set(id, { ...before, member: withPorts(member, before.member.ports) });
        throw error;
      }
    });
  }

  /** Connects a member with its VM's socket. @throws BerthError NetworkFailed */
  link(id: string, socket: string): Promise<void> {
    return this.#queue.run(async () => {
      const desired = this.#desired.get(id);
      if (!desired) throw new BerthError('NetworkFailed', 'The container has left its network.');
      this.#desired.set(id, { ...desired, socket });
      await this.#attempt(({ client }) => client.link(id, socket));
    });
  }

  /** What netd has of a member now, which it tells by itself only now and then. Undefined when there is no netd. @throws BerthError NetworkFailed */
  async status(id: string): Promise<NetdMemberStatus | undefined> {
    return this.#live?.netd.client.member(id);
  }

  /** Forgets a member. Answers with its last status, if netd still knows it. */
  leave(id: string): Promise<NetdMemberStatus | undefined> {
    return this.#queue.run(async () => {
      if (!this.#desired.delete(id)) return undefined;
      const { netd } = this.#live ?? {};
      if (!netd) return undefined;
      try {
        const status = await netd.client.member(id).catch(() => undefined);
        await netd.client.removeMember(id);
        return status;
      } catch (error) {
        await this.#drop(error);
        this.#revive();
        return undefined;
      }
    }).finally(() => this.#stopWhenUnused());
  }

  /**
   * After a restart of the host: these members there are, and no others, unless some cannot be known. When there are none,
   * a netd that still runs is stopped.
   */
  resume(members: ReadonlyMap<string, DesiredMember>, keepsStrangers: boolean): Promise<void> {
    return this.#queue.run(async () => {
      this.#keepsStrangers = keepsStrangers;
      for (const [id, desired] of members) this.#desired.set(id, desired);
      try {
        if (this.isUsed || keepsStrangers) await this.#ensureLive();
        else if (existsSync(this.#options.paths.socket)) await this.#stop(await findRunningNetd(this.#ofProcess));
      } catch (error) {
        this.#options.log.error('A network is not there again yet', error, { network: this.#options.network.name });
        this.#revive();
      }
    });
  }

  /** Ends the network's netd: the network is removed. */
  end(): Promise<void> {
    clearInterval(this.#logTimer);
    return this.#queue.run(async () => {
      this.#released = true;
      this.#cancelTimer();
      this.#desired.clear();
      await this.#stop(this.#live?.netd);
      await endNetd(this.#options.paths.socket);
    });
  }

  /** Lets go of netd; it goes on while it has members. */
  release(): Promise<void> {
    this.#released = true;
    clearInterval(this.#logTimer);
    this.#cancelTimer();
    return this.#queue.run(async () => {
      this.#cancelTimer();
      if (!this.isUsed && !this.#keepsStrangers) await this.#stop(this.#live?.netd);
      this.#live?.watch.abort();
      this.#live = undefined;
    });
  }

  async #set(id: string, member: NetdMember, send = (client: NetdClient, wanted: NetdMember): Promise<NetdMemberStatus> => client.setMember(id, wanted)): Promise<NetdMemberStatus> {
    this.#cancelTimer();
    const before = this.#desired.get(id);
    // Ports that netd has chosen stay the same.
    const wanted = before ? withPorts(member, before.member.ports) : member;
    const status = await this.#attempt(({ client }) => send(client, wanted));
    this.#desired.set(id, { ...before, member: withPorts(wanted, status.ports) });
    if (this.#live) this.#options.onSent(id, status, before === undefined, identityOf(this.#live.netd));
    return status;
  }

  get #ofProcess(): Parameters<typeof ensureNetd>[0] {
    const { paths, program, answerMilliseconds } = this.#options;
    return { socket: paths.socket, log: paths.log, program, ...(answerMilliseconds !== undefined && { answerMilliseconds }) };
  }

  /** Asks netd; when it does not answer it is ended, another one is started, and asked once more. */
  async #attempt<Answer>(ask: (netd: Netd) => Promise<Answer>): Promise<Answer> {
    try {
      return await ask(await this.#ensureLive());
    } catch (error) {
      const failure = netdFailure(error);
      if (failure !== 'unreachable' && failure !== 'silent') throw error;
      await this.#drop(error);
      return await ask(await this.#ensureLive());
    } finally {
      this.#revive(); // The members that there are need one also when it could not be had now.
    }
  }

  async #ensureLive(): Promise<Netd> {
    if (this.#live) return this.#live.netd;
    const { network, paths, log } = this.#options;
    await this.#cutLog();
    let netd = await ensureNetd(this.#ofProcess);
    try {
      await netd.client.setNetwork(network);
    } catch (error) {
      if (netdFailure(error) !== 'differs') throw error;
      log.warn('A process of a network had another range of addresses and was ended.', { network: network.name, pid: netd.identity.pid });
      await endNetd(paths.socket);
      netd = await ensureNetd(this.#ofProcess);
      await netd.client.setNetwork(network);
    }
    await this.#sendAll(netd);
    this.#watch(netd);
    return netd;
  }

  async #sendAll(netd: Netd): Promise<void> {
    const known = new Map(netd.status.members.map((member) => [member.id, member]));
    if (!this.#keepsStrangers) for (const id of known.keys()) if (!this.#desired.has(id)) await netd.client.removeMember(id);
    for (const [id, desired] of this.#desired) {
      const member = withPorts(desired.member, known.get(id)?.ports ?? []);
      this.#desired.set(id, { ...desired, member });
      const status = await this.#sendAgain(netd.client, id, member);
      if (!status) continue;
      this.#options.onSent(id, status, !known.has(id), identityOf(netd));
      if (desired.socket !== undefined && !known.get(id)?.linked) await this.#relink(netd.client, id, desired.socket);
    }
  }

  /** @returns undefined when netd does not take it, of which the user is told */
  async #sendAgain(client: NetdClient, id: string, member: NetdMember): Promise<NetdMemberStatus | undefined> {
    try {
      return await this.#sendWithPossiblePorts(client, id, member);
    } catch (error) {
      if (!(error instanceof BerthError) || netdFailure(error) === 'unreachable' || netdFailure(error) === 'silent') throw error;
      const { log, notify, network } = this.#options;
      log.error('A container could not be connected again', error, { network: network.name, container: id });
      notify(`Container “${member.name}” could not be connected with the network “${network.name}” again: ${error.message} Restart the container.`);
      return undefined;
    }
  }

  /** Somebody else may have taken a port while netd was away; the rest of the network is worth more than that port. */
  async #sendWithPossiblePorts(client: NetdClient, id: string, member: NetdMember): Promise<NetdMemberStatus> {
    const { log, notify, network } = this.#options;
    let { ports } = member;
    for (;;) {
      try {
        return await client.setMember(id, { ...member, ports });
      } catch (error) {
        const taken = error instanceof BerthError && error.code === 'PortInUse' ? error.data : undefined;
        const lost = ports.filter(({ hostPort, protocol }) => hostPort === taken?.['port'] && protocol === taken['protocol']);
        if (lost.length === 0) throw error;
        log.error('A container could not be connected as it was', error, { network: network.name, container: id });
        ports = ports.filter((port) => !lost.includes(port));
        notify(`The port ${lost[0]?.hostPort} of this machine does not lead to container “${member.name}” any more: another program has taken it.`);
      }
    }
  }

  async #relink(client: NetdClient, id: string, socket: string): Promise<void> {
    try {
      await client.refuse(id, socket);
      await this.#options.completeSending(id);
      await client.link(id, socket);
    } catch (error) {
      if (netdFailure(error) !== 'link') throw error;
      // Its VM has ended, and this host is about to notice.
      this.#options.log.info('A virtual machine takes no connection of its network.', { network: this.#options.network.name, container: id, reason: String(error) });
    }
  }

  /** Hears of what happens in netd, and of its end. */
  #watch(netd: Netd): void {
    const live: Live = { netd, watch: new AbortController(), since: performance.now() };
    this.#live = live;
    void this.#follow(live).catch((error: unknown) => this.#options.log.error('The events of a network could not be read', error, { network: this.#options.network.name })).then(async () => {
      if (this.#live !== live) return;
      await this.#queue.run(async () => {
        if (this.#live === live) await this.#drop(new Error('It has ended.'));
      });
      this.#revive();
    }).catch((error: unknown) => this.#options.log.error('A network’s process could not be ended', error, { network: this.#options.network.name }));
  }

  async #follow({ netd, watch }: Live): Promise<void> {
    for await (const event of netd.client.events(watch.signal)) {
      if (event.type === 'activity') this.#options.onActivity(event.member, event.entries);
      else if (event.type === 'link' && !event.up) this.#linkLost(event.member);
    }
  }

  /** netd ends a link over which nonsense comes; while the VM runs it gets another one, after a moment. */
  #linkLost(id: string): void {
    setTimeout(() => void this.#queue.run(async () => {
      const socket = this.#desired.get(id)?.socket;
      if (socket !== undefined && this.#live && !this.#released) await this.#relink(this.#live.netd.client, id, socket);
    }).catch((error: unknown) => this.#options.log.error('A container could not be connected again', error, { container: id })), relinkMilliseconds).unref();
  }

  /** Whatever is left of a netd that failed is ended, so that the next one can take its place. */
  async #drop(reason: unknown): Promise<void> {
    const live = this.#live;
    if (!live) return;
    this.#live = undefined;
    live.watch.abort();
    this.#failures = performance.now() - live.since > soundMilliseconds ? 0 : this.#failures + 1;
    this.#options.log.warn('A network’s process failed.', { network: this.#options.network.name, pid: live.netd.identity.pid, reason: String(reason) });
    await endNetd(this.#options.paths.socket);
  }

  /** At once, but one that fails again and again is given ever more time. */
  #revive(): void {
    if (this.#released || this.#live || !this.isUsed) return;
    const { network, notify, paths, log } = this.#options;
    if (this.#failures === failuresToTell) notify(`The network “${network.name}” fails again and again, and Berth keeps starting it. Its log, ${paths.log}, may tell why.`);
    const pause = this.#failures === 0 ? 0 : Math.min(firstPause * 2 ** this.#failures, longestPause);
    this.#cancelTimer();
    this.#timer = setTimeout(() => {
      void this.#queue.run(async () => {
        if (!this.#released && this.isUsed) await this.#ensureLive();
      }).catch((error: unknown) => {
        log.error('A network’s process could not be started again', error, { network: network.name });
        this.#failures += 1;
        this.#revive();
      });
    }, pause);
  }

  #stopWhenUnused(): void {
    if (this.isUsed || this.#released || this.#keepsStrangers || !this.#live) return;
    this.#cancelTimer();
    this.#timer = setTimeout(() => {
      void this.#queue.run(async () => {
        if (!this.isUsed) await this.#stop(this.#live?.netd);
      }).catch((error: unknown) => this.#options.log.error('An unused network’s process could not be ended', error, { network: this.#options.network.name }));
    }, unusedMilliseconds).unref();
  }

  async #stop(netd: Netd | undefined): Promise<void> {
    this.#live?.watch.abort();
    this.#live = undefined;
    if (!netd) return;
    await netd.client.stop().catch(() => endNetd(this.#options.paths.socket));
  }

  /** It is appended to as long as netd runs. */
  async #cutLog(): Promise<void> {
    const { paths, log, network } = this.#options;
    await cutDown(paths.log).catch((error: unknown) => log.warn('A network’s log could not be cut down.', { network: network.name, reason: String(error) }));
  }

  #cancelTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function identityOf({ identity }: Netd): string {
  return `${identity.pid}/${identity.start}`;
}
