import { defaultMtime } from './tarWriter.ts';
import type { TarEntry } from './tarWriter.ts';

/*
 * Random stacks of layers, the same ones for the same seed. Few different names, so that layers keep getting in each
 * other's way. A flat model of what is there (by path) keeps the entries sensible: no files below files.
 */

export interface RandomStack {
  readonly layers: TarEntry[][];
  /**
   * What is nobody's business, by path (byte strings, latin1): layers say nothing about directories that they only make
   * necessary. umoci lets those inherit from the directory above, and changes that one's time; so do its whiteouts.
   */
  readonly unsettled: ReadonlyMap<string, readonly ('mtime' | 'mode' | 'gid' | 'xattrs')[]>;
}

type Kind = NonNullable<TarEntry['type']>;
interface Known {
  kind: Kind;
  layer: number;
  described: boolean;
  disturbed: boolean;
  target: string;
}

const names = ['a', 'b', 'c', 'd.txt', 'Größe', 'with space', `long-${'n'.repeat(110)}`, `longest-${'x'.repeat(247)}`];
const sizes = [0, 1, 100, 511, 512, 513, 4095, 4096, 4097, 12_288, 70_001];

export function randomStack(seed: number): RandomStack {
  const generator = new StackGenerator(seed);
  return generator.generate();
}

class StackGenerator {
  #state: number;
  readonly #known = new Map<string, Known>();

  constructor(seed: number) {
    this.#state = seed;
  }

  generate(): RandomStack {
    const layers: TarEntry[][] = [];
    const count = 1 + this.#below(4);
    for (let layer = 1; layer <= count; layer++) {
      const entries: TarEntry[] = [];
      for (let left = 3 + this.#below(25); left > 0; left--) entries.push(...this.#entry(layer));
      layers.push(entries);
    }
    const unsettled = new Map<string, readonly ('mtime' | 'mode' | 'gid' | 'xattrs')[]>([['.', ['mtime']]]);
    for (const [path, known] of this.#known) {
      if (!known.described) unsettled.set(Buffer.from(path).toString('latin1'), ['mtime', 'mode', 'gid', 'xattrs']);
      else if (known.disturbed) unsettled.set(Buffer.from(path).toString('latin1'), ['mtime']);
    }
    return { layers, unsettled };
  }

  #entry(layer: number): TarEntry[] {
    const dice = this.#below(20);
    if (layer > 1 && dice < 3) return this.#whiteout(layer);
    if (layer > 1 && dice === 3) return this.#opaque(layer);
    const { shown, real } = this.#place();
    if (dice < 9) return [this.#add(shown, real, layer, 'file', { content: this.#content() })];
    if (dice < 14) return [this.#add(shown, real, layer, 'directory', {})];
    if (dice < 16) return [this.#symlink(shown, real, layer)];
    if (dice < 18) return this.#hardLink(shown, real, layer);
    if (dice === 18) return [this.#add(shown, real, layer, this.#pick(['character', 'block']), { major: this.#below(300), minor: this.#below(70_000) })];
    return [this.#add(shown, real, layer, 'fifo', {})];
  }

  /** A path to write to: below a directory that is there, perhaps through new ones, perhaps through a symlink. */
  #place(): { shown: string; real: string } {
    const directories = ['', ...this.#paths('directory')];
    const symlinks = this.#paths('symlink').filter((path) => this.#isDirectory(this.#known.get(path)!.target.slice(1)));
    const symlink = this.#below(4) === 0 && symlinks.length > 0 ? this.#pick(symlinks) : undefined;
    const parent = symlink ?? this.#pick(directories);
    const realParent = symlink === undefined ? parent : this.#known.get(symlink)!.target.slice(1);
    const fresh = this.#below(8) === 0 ? [`new${this.#below(3)}`, this.#pick(names)] : [this.#pick(names)];
    const join = (base: string): string => [base, ...fresh].filter((part) => part !== '').join('/');
    const first = [realParent, fresh[0]!].filter((part) => part !== '').join('/');
    if (fresh.length === 2 && this.#known.has(first) && this.#known.get(first)!.kind !== 'directory') return { shown: first, real: first };
    return { shown: join(parent), real: join(realParent) };
  }

  #add(shown: string, real: string, layer: number, type: Kind, extra: Partial<TarEntry>): TarEntry {
    const before = this.#known.get(real);
    if (before !== undefined && !(type === 'directory' && before.kind === 'directory')) this.#remove(real, () => true);
    for (let slash = real.indexOf('/'); slash > 0; slash = real.indexOf('/', slash + 1)) {
      const ancestor = real.slice(0, slash);
      const known = this.#known.get(ancestor);
      if (known === undefined) this.#disturb(ancestor.slice(0, ancestor.lastIndexOf('/')));
      this.#known.set(ancestor, known === undefined ? { kind: 'directory', layer, described: false, disturbed: false, target: '' } : { ...known, layer });
    }
    this.#known.set(real, { kind: type, layer, described: true, disturbed: false, target: extra.target ?? '' });
    const prefix = this.#pick(['', '', './', '/']);
    return {
      path: `${prefix}${shown}${type === 'directory' ? '/' : ''}`,
      type,
      mode: type === 'symlink' ? 0o777 : this.#pick([0o644, 0o755, 0o600, 0o4755, 0o2711, 0o1777, 0o400, 0]),
      uid: this.#pick([0, 1000, 65_534, 3_000_000]),
      gid: this.#pick([0, 100, 70_000]),
      mtime: this.#pick([defaultMtime, 0, 1.25, 1_234_567_890.123456, 4_000_000_000, 9_000_000_000.5, -86_400.5, -1]),
      ...(this.#below(4) === 0 ? { xattrs: this.#xattrs(type) } : {}),
      ...extra,
    };
  }

  #disturb(path: string): void {
    const known = this.#known.get(path);
    if (known !== undefined) known.disturbed = true;
  }

  #symlink(shown: string, real: string, layer: number): TarEntry {
    const directories = this.#paths('directory').filter((path) => !real.startsWith(path) && !path.startsWith(real));
    const target = directories.length > 0 && this.#below(3) > 0 ? `/${this.#pick(directories)}` : this.#pick(['nowhere', '../..', '/', 't'.repeat(59), 't'.repeat(60), `${'deep/'.repeat(100)}end`]);
    return this.#add(shown, real, layer, 'symlink', { target });
  }

  #hardLink(shown: string, real: string, layer: number): TarEntry[] {
    const targets = this.#paths('file').filter((path) => path !== real && !path.startsWith(`${real}/`));
    if (targets.length === 0) return [];
    const target = this.#pick(targets);
    const { path } = this.#add(shown, real, layer, 'file', {});
    return [{ path, type: 'hardlink', target }];
  }

  #whiteout(layer: number): TarEntry[] {
    const paths = [...this.#known.keys()].filter((path) => (path.split('/').at(-1)?.length ?? 0) < 250);
    if (paths.length === 0) return [];
    const path = this.#pick(paths);
    this.#remove(path, (known) => known.layer !== layer);
    return [{ path: path.replace(/[^/]*$/, (name) => `.wh.${name}`), content: '' }];
  }

  #opaque(layer: number): TarEntry[] {
    const directory = this.#pick(['', ...this.#paths('directory')]);
    this.#remove(directory, (known, path) => path !== directory && known.layer !== layer);
    return [{ path: `${directory === '' ? '' : `${directory}/`}.wh..wh..opq`, content: '' }];
  }

  #remove(path: string, condemned: (known: Known, path: string) => boolean): void {
    for (const [other, known] of this.#known) {
      const below = path === '' || other === path || other.startsWith(`${path}/`);
      if (!below || !condemned(known, other)) continue;
      this.#known.delete(other);
      this.#disturb(other.slice(0, other.lastIndexOf('/')));
    }
  }

  #content(): Buffer {
    const content = Buffer.alloc(this.#pick(sizes));
    for (let offset = 0; offset < content.length; offset++) content[offset] = this.#below(256);
    return content;
  }

  #xattrs(type: Kind): Record<string, Uint8Array> {
    const size = this.#pick([1, 2, 10, 40, 200, 1800]);
    const value = Buffer.alloc(size, `${this.#below(1000)}-`);
    const plain = type === 'file' || type === 'directory';
    const acl = Buffer.from('0200000001000700ffffffff02000600e803000004000500ffffffff10000700ffffffff20000500ffffffff', 'hex');
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
    return {
      'trusted.note': value,
      ...(plain ? { 'user.a': Buffer.from('x'), [`user.${'n'.repeat(1 + this.#below(60))}`]: value } : {}),
      ...(type === 'directory' && this.#below(2) === 0 ? { 'system.posix_acl_default': acl } : {}),
      ...(type === 'file' && this.#below(2) === 0 ? { 'security.capability': capability } : {}),
    };
  }

  #paths(kind: Kind): string[] {
    return [...this.#known].filter(([, known]) => known.kind === kind).map(([path]) => path);
  }

  #isDirectory(path: string): boolean {
    return this.#known.get(path)?.kind === 'directory';
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)]!;
  }

  /** A whole number from 0 on, below the limit (mulberry32). */
  #below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % limit;
  }
}
