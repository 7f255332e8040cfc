import type { DiskBuilder } from '../diskBuilder.ts';
import type { FileNode } from '../node.ts';
import { createNode } from '../node.ts';
import type { TarEntry } from './tarEntry.ts';
import { printable } from './tarEntry.ts';
import { layerInvalid } from './tarHeader.ts';
import type { TarHandler } from './tarReader.ts';

/*
 * Layers on top of each other (OCI image spec, layer.md). A layer adds and replaces files; an entry `.wh.NAME` hides
 * NAME, `.wh..wh..opq` everything in its directory. Whiteouts are about the layers below: what the same layer brings
 * along stays, wherever in the archive it comes.
 */

const whiteoutPrefix = '.wh.';
const opaqueWhiteout = '.wh..wh..opq';
/** Further names that aufs kept for itself and that say nothing here. */
const aufsPrefix = '.wh..wh.';
const longestTarget = 4095;
/** Of device numbers: 12 and 20 bits. */
const largestMajor = 0xfff;
const largestMinor = 0xfffff;
/** No system takes longer paths, so no image needs them. */
const longestPath = 4096;

/** Puts the entries of one layer into the tree of a disk. */
export class LayerApplier implements TarHandler {
  readonly #disk: DiskBuilder;
  readonly #layer: number;
  #hasData = false;

  /** @param layer rises from layer to layer, from 1 on */
  constructor(disk: DiskBuilder, layer: number) {
    this.#disk = disk;
    this.#layer = layer;
  }

  entry(entry: TarEntry): void {
    this.#hasData = false;
    const names = namesOf(entry.name);
    const last = names[names.length - 1];
    if (last === undefined) this.#applyRoot(entry);
    else if (last === opaqueWhiteout) this.#applyOpaque(names);
    else if (last.startsWith(aufsPrefix)) return;
    else if (last.startsWith(whiteoutPrefix)) this.#applyWhiteout(entry, names, last.slice(whiteoutPrefix.length));
    else this.#applyEntry(entry, names);
  }

  data(bytes: Buffer): void {
    if (this.#hasData) this.#disk.files.append(bytes);
  }

  end(): void {
    if (this.#hasData) this.#disk.files.end();
    this.#hasData = false;
  }

  #applyRoot(entry: TarEntry): void {
    if (entry.kind !== 'directory') throw layerInvalid('it has an entry for the root directory that is not a directory');
    this.#disk.tree.root.metadata = entry;
  }

  #applyOpaque(names: readonly string[]): void {
    const { tree } = this.#disk;
    if (names.length === 1) {
      tree.removeLowerChildren(tree.root, this.#layer);
      return;
    }
    const place = tree.locate(names);
    if (place !== undefined) tree.removeLowerChildren(place.directory, this.#layer);
  }

  #applyWhiteout(entry: TarEntry, names: readonly string[], hidden: string): void {
    if (hidden === '' || hidden === '.' || hidden === '..') throw layerInvalid(`“${printable(entry.name)}” is a whiteout of nothing`);
    const place = this.#disk.tree.locate([...names.slice(0, -1), hidden]);
    if (place !== undefined) this.#disk.tree.removeLower(place, this.#layer);
  }

  #applyEntry(entry: TarEntry, names: readonly string[]): void {
    const { tree } = this.#disk;
    const place = tree.locate(names, { time: entry.mtime, layer: this.#layer })!;
    if (entry.kind === 'hardlink') {
      tree.link(place, this.#linkTarget(entry), this.#layer);
      return;
    }
    const existing = place.directory.children.get(place.name)?.node;
    if (entry.kind === 'directory' && existing?.kind === 'directory') {
      existing.metadata = entry;
      tree.touch(place, this.#layer);
      return;
    }
    if (entry.kind === 'symlink' && (entry.target === '' || entry.target.length > longestTarget)) {
      throw layerInvalid(`the symbolic link “${printable(entry.name)}” has an empty or too long target`);
    }
    if (entry.major > largestMajor || entry.minor > largestMinor) throw layerInvalid(`the device “${printable(entry.name)}” has a number that Linux does not have`);
    const node = createNode(entry.kind, entry, entry);
    tree.link(place, node, this.#layer);
    if (entry.kind === 'file') this.#beginFile(entry, node);
  }

  #beginFile(entry: TarEntry, node: FileNode): void {
    this.#disk.files.begin(node, entry.size, entry.ranges);
    this.#hasData = true;
  }

  #linkTarget(entry: TarEntry): FileNode {
    const names = namesOf(entry.target);
    if (names.length === 0) throw layerInvalid(`“${printable(entry.name)}” is a hard link to a directory`);
    const place = this.#disk.tree.locate(names);
    const node = place?.directory.children.get(place.name)?.node;
    if (node === undefined) throw layerInvalid(`“${printable(entry.name)}” is a hard link to “${printable(entry.target)}”, which does not exist`);
    if (node.kind === 'directory') throw layerInvalid(`“${printable(entry.name)}” is a hard link to a directory`);
    return node;
  }
}

/**
 * A path as names from the root on; an absolute path is meant from the root, too.
 * @throws BerthError LayerInvalid when it climbs out of the root, or is too long.
 */
export function namesOf(path: string): string[] {
  if (path.length > longestPath) throw layerInvalid(`it has a path of ${path.length} bytes; ${longestPath} is the limit`);
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) throw layerInvalid(`the path “${printable(path)}” climbs out of the image`);
  }
  return names;
}
