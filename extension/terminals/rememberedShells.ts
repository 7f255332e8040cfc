import type * as vscode from 'vscode';

/** A shell of this window's, by which it is found again. */
export interface RememberedShell {
  /** Id of its container. */
  readonly container: string;
  /** Id of its session. */
  readonly session: string;
  /** As its terminal is called. */
  readonly name: string;
  readonly active?: boolean;
}

const key = 'berth.shells';
const othersKey = 'berth.otherTerminals';

/** Which shells this window has, in their order, for the window that it becomes when it is reloaded. */
export class RememberedShells {
  readonly #memory: vscode.Memento;
  /** Those of before the reload that have no terminal yet. */
  #pending: RememberedShell[];

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
    this.#pending = [...memory.get<RememberedShell[]>(key, [])];
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /** Whether one of this container has no terminal yet. */
  has(container: string): boolean {
    return this.#pending.some((shell) => shell.container === container);
  }

  /** Hands out the first one that has no terminal yet. */
  take(): RememberedShell | undefined {
    return this.#pending.shift();
  }

  /** Hands out all of them. */
  takeAll(): RememberedShell[] {
    return this.#pending.splice(0);
  }

  /** How many terminals of this machine the window had. */
  get others(): number {
    return this.#memory.get(othersKey, 0);
  }

  save(open: readonly RememberedShell[], others: number): void {
    if (others !== this.others) void this.#memory.update(othersKey, others > 0 ? others : undefined);
    const all = [...open, ...this.#pending];
    const before = this.#memory.get<RememberedShell[]>(key, []);
    if (JSON.stringify(all) !== JSON.stringify(before)) void this.#memory.update(key, all.length > 0 ? all : undefined);
  }
}
