import type { Logger } from '../../base/log.ts';
import type { ContainerRun } from './containerRun.ts';
import type { ContainerTable } from '../containerTable.ts';

/** The two clocks of this machine, in milliseconds. */
export interface HostClocks {
  /** Time of day. */
  wall(): number;
  /** Never set. Stands still while the machine sleeps, or not: systems differ. */
  steady(): number;
}

const machineClocks: HostClocks = { wall: () => Date.now(), steady: () => performance.now() };

export interface ClockServiceOptions {
  readonly table: ContainerTable;
  readonly log: Logger;
  readonly clocks?: HostClocks;
  readonly intervalMilliseconds?: number;
}

const defaultInterval = 5000;
/** The two clocks run apart by this much only when one of them was set, or the machine has slept. */
const jump = 1000;
/** A look that comes so much too late comes after a sleep. */
const sleep = 20_000;
/** A guest's clock runs a little faster or slower than the host's; after this time it is put right. */
const driftMilliseconds = 10 * 60 * 1000;

/**
 * Keeps guests' clocks right while containers run: sets them when the time of day has jumped against the steady clock
 * (the host slept, or its clock was set), when a VM goes on that was paused, as its clock stood still meanwhile, and now
 * and then because clocks drift.
 */
export class ClockService {
  readonly #table: ContainerTable;
  readonly #log: Logger;
  readonly #clocks: HostClocks;
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;
  /** Time of day less steady time, when guests' clocks were last known to be right. */
  #offset = 0;
  #setAt = 0;
  #lookedAt = 0;
  readonly #paused = new WeakSet<ContainerRun>();

  constructor({ table, log, clocks = machineClocks, intervalMilliseconds = defaultInterval }: ClockServiceOptions) {
    this.#table = table;
    this.#log = log;
    this.#clocks = clocks;
    this.#interval = intervalMilliseconds;
    table.onDidChange(() => this.#evaluate());
    table.onDispose(() => this.#stop());
  }

  /** The clock ticks only while there is a guest; one that starts is told the time by the handshake. */
  #evaluate(): void {
    this.#notePauses();
    const running = this.#table.all().some(({ run }) => run);
    if (!running) return this.#stop();
    if (this.#timer) return;
    this.#note();
    this.#timer = setInterval(() => this.#look(), this.#interval).unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #note(): void {
    this.#offset = this.#clocks.wall() - this.#clocks.steady();
    this.#setAt = this.#lookedAt = this.#clocks.steady();
  }

  #look(): void {
    const moved = this.#clocks.wall() - this.#clocks.steady() - this.#offset;
    const hasJumped = Math.abs(moved) > jump || this.#clocks.steady() - this.#lookedAt > this.#interval + sleep;
    this.#lookedAt = this.#clocks.steady();
    if (!hasJumped && this.#clocks.steady() - this.#setAt < driftMilliseconds) return;
    if (hasJumped) this.#log.info('This machine has slept, or its clock was set; the clocks of virtual machines are set.', { milliseconds: Math.round(moved) });
    this.#note();
    for (const { id, run } of this.#table.all()) {
      // One that is paused would hear it when it goes on, and the time would be an old one then.
      if (run && !run.over && !run.paused) this.#set(id, run, hasJumped);
    }
  }

  /** Sets the clocks of those that go on after a pause. */
  #notePauses(): void {
    for (const { id, run } of this.#table.all()) {
      if (run?.paused) this.#paused.add(run);
      else if (run && this.#paused.delete(run) && !run.over) this.#set(id, run, true);
    }
  }

  #set(container: string, run: ContainerRun, isWorthTelling: boolean): void {
    run.guest.setClock(Math.round(this.#clocks.wall())).then(
      (ahead) => isWorthTelling && this.#log.info('The clock of a virtual machine was set.', { container, aheadMilliseconds: Math.round(ahead) }),
      // A machine that ends, or whose vminitd is older than this, has no wrong time for that.
      (error: unknown) => this.#log.warn('The clock of a virtual machine could not be set.', { container, reason: String(error) }),
    );
  }
}
