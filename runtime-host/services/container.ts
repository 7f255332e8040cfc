import { SerialQueue } from '../base/serialQueue.ts';
import type { BerthError } from '../protocol/errors.ts';
import type { ContainerPaths } from '../protocol/paths.ts';
import type { ForwardedPort } from '../protocol/networks.ts';
import type { ContainerInfo, ContainerState } from '../protocol/types.ts';
import type { ContainerRecord } from '../store/containerRecord.ts';
import { defaultLogLimits, type LogLimits } from '../store/outputLog.ts';
import { ContainerLog } from './logs/containerLog.ts';
import type { ContainerRun, RunEnd } from './run/containerRun.ts';
import { connectionInfo, type ContainerRunNetwork } from './networks/connection.ts';
import type { HealthMonitor } from './health/healthMonitor.ts';
import type { WaitingMachine } from './run/waitingMachine.ts';

/** A container as the host holds it: its record, and its VM while it runs. */
export class Container {
  record: ContainerRecord;
  state: ContainerState;
  readonly paths: ContainerPaths;
  readonly output: ContainerLog;
  /** One operation that changes its state at a time. */
  readonly queue = new SerialQueue();
  /** Writes of its record. */
  readonly saves = new SerialQueue();
  run: ContainerRun | undefined;
  health: HealthMonitor | undefined;
  /** From before its VM starts until it has ended (networks/runNetworks.ts). */
  network: ContainerRunNetwork | undefined;
  /** Its VM, when this host has found it paused and cannot adopt it before it goes on. */
  waiting: WaitingMachine | undefined;
  /** Of the current or last run: settles when the record says how it ended. */
  settled: Promise<RunEnd> | undefined;
  removed = false;
  /** Ports of the host that lead into it at the moment (connections/). */
  forwards: readonly ForwardedPort[] = [];
  /** While its files are used in a VM that is there only for that: ends it, with a reason for whoever uses them. */
  endFileUse: ((reason: BerthError) => void) | undefined;
  /** Of its restart policy (restarts.ts). */
  pendingRestart: NodeJS.Timeout | undefined;

  constructor(record: ContainerRecord, paths: ContainerPaths, logLimits: LogLimits = defaultLogLimits) {
    this.record = record;
    this.state = record.state;
    this.paths = paths;
    this.output = new ContainerLog(paths.outputLog, { ...logLimits, ...record.log });
  }

  get id(): string {
    return this.record.id;
  }

  get name(): string {
    return this.record.name;
  }

  /** Whether it has, or is about to have, a VM. */
  get active(): boolean {
    return this.state === 'starting' || this.state === 'running' || this.state === 'stopping';
  }

  /** Whether it has a VM for whatever reason, which its disks are attached to. */
  get usesDisks(): boolean {
    return this.active || this.endFileUse !== undefined;
  }

  info(): ContainerInfo {
    const { version: _version, diskKey: _key, diskSize: _size, size: _terminalSize, arguments: command, state: _state, stoppedByUser: _stopped, connection, ambientEnv: _ambient, ...rest } = this.record;
    return { ...rest, state: this.state, command, ...connectionInfo(connection, this.network), ...(this.pendingRestart ? { restarting: true } : {}), ...(this.run && this.health ? { health: this.health.health } : {}), ...(this.forwards.length > 0 && { forwards: this.forwards }), ...this.#machineInfo() };
  }

  #machineInfo(): Pick<ContainerInfo, 'vmPid' | 'paused'> {
    const machine = (this.run ?? this.waiting)?.machine;
    const paused = this.run ? this.run.waitsFor : this.waiting?.reason;
    return { ...(machine && { vmPid: machine.pid }), ...(paused && { paused: paused.message }) };
  }
}
