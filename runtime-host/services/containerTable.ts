import { BerthError } from '../protocol/errors.ts';
import type { ContainerInfo } from '../protocol/types.ts';
import { checkName, findByQuery, friendlyName, newContainerId } from '../store/containerNames.ts';
import type { Container } from './container.ts';
import type { ContainerRun } from './run/containerRun.ts';

/** `info` is absent when the container was removed. */
export interface ContainerEvent {
  readonly id: string;
  readonly info?: ContainerInfo;
}

export interface ContainerIdentity {
  readonly id: string;
  readonly name: string;
}

/** The containers of this host, as all services see them: who there is, by which names, and what becomes of them. */
export class ContainerTable {
  readonly #containers = new Map<string, Container>();
  readonly #listeners = new Set<(event: ContainerEvent) => void>();
  readonly #runListeners = new Set<(container: Container, run: ContainerRun) => void>();
  readonly #disposals: (() => void)[] = [];
  /** Identities of containers that are being created. */
  readonly #reserved = new Map<string, ContainerIdentity>();

  all(): Container[] {
    return [...this.#containers.values()];
  }

  add(container: Container): void {
    this.#containers.set(container.id, container);
  }

  /**
   * By its id, its name, or the beginning of its id.
   * @throws BerthError ContainerNotFound, InvalidArgument when several ids begin so
   */
  find(query: string): Container {
    return findByQuery(query, this.#containers.values());
  }

  /**
   * A container that runs and is not about to end, with its run.
   * @throws BerthError ContainerNotFound, ContainerNotRunning; DiskFull or VmFailed while it is paused
   */
  running(query: string): { readonly container: Container; readonly run: ContainerRun } {
    const container = this.find(query);
    if (container.waiting) throw container.waiting.reason;
    if (!container.run || container.state === 'stopping') throw notRunning(container);
    if (container.run.paused) throw container.run.paused;
    return { container, run: container.run };
  }

  /**
   * An identity for a new container, whose name nobody else gets meanwhile; {@link release} ends that.
   * @throws BerthError InvalidArgument, ContainerNameInUse
   */
  reserve(wanted: string | undefined): ContainerIdentity {
    const existing = [...this.#containers.values(), ...this.#reserved.values()];
    if (wanted !== undefined) checkName(wanted, existing);
    const identity = { id: newContainerId(), name: wanted ?? friendlyName(existing) };
    this.#reserved.set(identity.id, identity);
    return identity;
  }

  release({ id }: ContainerIdentity): void {
    this.#reserved.delete(id);
  }

  /** Tells everybody that a container is not as it was; one that was removed is forgotten. */
  changed(container: Container): void {
    if (container.removed) this.#containers.delete(container.id);
    const event = { id: container.id, ...(container.removed ? {} : { info: container.info() }) };
    for (const listener of this.#listeners) listener(event);
  }

  onDidChange(listener: (event: ContainerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells everybody that a container runs in this VM from now on, as it was started or an earlier host's. */
  began(container: Container, run: ContainerRun): void {
    for (const listener of this.#runListeners) listener(container, run);
  }

  /** Called when a run has begun, or was adopted; `run.finished` settles when it has ended, unless the host lets go of it before. */
  onRunBegan(listener: (container: Container, run: ContainerRun) => void): () => void {
    this.#runListeners.add(listener);
    return () => this.#runListeners.delete(listener);
  }

  /** Called once, when the host lets go of its containers. */
  onDispose(listener: () => void): void {
    this.#disposals.push(listener);
  }

  /** Nobody hears of changes any more. */
  dispose(): void {
    this.#listeners.clear();
    this.#runListeners.clear();
    for (const dispose of this.#disposals.splice(0)) dispose();
  }
}

export function notRunning(container: Container): BerthError {
  return new BerthError('ContainerNotRunning', `Container “${container.name}” is not running. Start it first.`, { data: { id: container.id } });
}

export function notFound(query: string): BerthError {
  return new BerthError('ContainerNotFound', `There is no container “${query}”. “container ls -a” lists those that exist.`, { data: { container: query } });
}

export function stillRunning(container: Container, state = 'running'): BerthError {
  return new BerthError('ContainerRunning', `Container “${container.name}” is ${state}. Stop it first, or remove it with force.`, { data: { id: container.id } });
}
