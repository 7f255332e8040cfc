export interface Entry {
  readonly name: string;
  readonly mode: number;
  readonly content?: Uint8Array;
  readonly device?: { readonly major: number; readonly minor: number };
}

export function directory(name: string, permissions: number): Entry;
export function file(name: string, permissions: number, content: Uint8Array): Entry;
export function characterDevice(name: string, permissions: number, major: number, minor: number): Entry;
export function newcArchive(entries: readonly Entry[]): Buffer;
