import type * as vscode from 'vscode';
import type { RememberedForward } from './forwardPlan.ts';

const key = 'berth.forwards';
/** Containers that are gone are forgotten one day, not at once: a host that is not there yet knows no container. */
const mostContainers = 30;
const mostPorts = 100;

type Stored = Readonly<Record<string, readonly RememberedForward[]>>;

/** What this window has forwarded, by container; it outlives the window and the host. */
export class RememberedForwards {
  readonly #memory: vscode.Memento;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
  }

  get containers(): readonly string[] {
    return Object.keys(this.#stored);
  }

  of(container: string): readonly RememberedForward[] {
    return this.#stored[container] ?? [];
  }

  async add(container: string, forward: RememberedForward): Promise<void> {
    await this.#set(container, [...this.of(container).filter(({ containerPort }) => containerPort !== forward.containerPort).slice(1 - mostPorts), forward]);
  }

  async remove(container: string, containerPort: number): Promise<void> {
    const others = this.of(container).filter((forward) => forward.containerPort !== containerPort);
    if (others.length < this.of(container).length) await this.#set(container, others);
  }

  get #stored(): Stored {
    return this.#memory.get<Stored>(key, {});
  }

  async #set(container: string, forwards: readonly RememberedForward[]): Promise<void> {
    const others = Object.entries(this.#stored).filter(([id]) => id !== container).slice(1 - mostContainers);
    await this.#memory.update(key, Object.fromEntries(forwards.length > 0 ? [...others, [container, forwards]] : others));
  }
}
