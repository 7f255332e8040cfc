import { BerthError } from '../protocol/errors.ts';
import type { FileNode, Timestamp } from './node.ts';
import { createNode, plainMetadata } from './node.ts';

const mostSymlinks = 40;
const longestName = 255;

/** A name that may or may not exist, in a directory that does. */
export interface Place {
  readonly directory: FileNode;
  readonly name: string;
  /** From the root to `directory`; the root itself has no name. */
  readonly path: readonly { readonly node: FileNode; readonly name: string }[];
}

/**
 * The directory tree of an image. All paths are resolved inside it: symlinks in the middle of a path are followed as
 * the image's own processes would see them, absolute ones and `..` at the top end at the image's root.
 */
export class FileTree {
  readonly root: FileNode;
  readonly #onRemoved: (node: FileNode) => void;

  /** @param onRemoved called for every node that has lost its last name */
  constructor(onRemoved: (node: FileNode) => void) {
    this.root = createNode('directory', plainMetadata(0o755, { seconds: 0, nanoseconds: 0 }));
    this.#onRemoved = onRemoved;
  }

  /**
   * The place that a path of names means. Directories that are missing on the way are made with the time given, or
   * undefined is returned when no time is given.
   * @throws BerthError LayerInvalid when a file is in the way, or symlinks go round in circles.
   */
  locate(names: readonly string[], missing?: { readonly time: Timestamp; readonly layer: number }): Place | undefined {
    const last = names[names.length - 1];
    if (last === undefined) throw new BerthError('Internal', 'A path without a name has no place.');
    const path: { node: FileNode; name: string }[] = [{ node: this.root, name: '' }];
    const pending = names.slice(0, -1).reverse();
    let symlinks = 0;
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (path.length > 1) path.pop();
        continue;
      }
      const directory = path[path.length - 1]!.node;
      const entry = directory.children.get(name);
      if (entry?.node.kind === 'symlink') {
        if (++symlinks > mostSymlinks) throw invalid(names, 'goes through too many symbolic links');
        pending.push(...entry.node.target.split('/').reverse());
        if (entry.node.target.startsWith('/')) path.length = 1;
      } else if (entry !== undefined) {
        if (entry.node.kind !== 'directory') throw invalid(names, 'lies below something that is not a directory');
        path.push({ node: entry.node, name });
      } else {
        if (missing === undefined) return undefined;
        const node = createNode('directory', plainMetadata(0o755, missing.time));
        this.#add(directory, name, node, missing.layer);
        path.push({ node, name });
      }
    }
    return { directory: path[path.length - 1]!.node, name: last, path };
  }

  /** Gives a node a (further) name; what had the name before is removed. Marks the way to it as the layer's. */
  link(place: Place, node: FileNode, layer: number): void {
    const existing = place.directory.children.get(place.name);
    if (existing !== undefined && existing.node !== node) {
      // It may be below what goes, and must not go with it.
      node.links++;
      this.remove(place);
      node.links--;
    }
    if (existing?.node !== node) this.#add(place.directory, place.name, node, layer);
    this.touch(place, layer);
  }

  /** Marks a name, and the directories above it, as written by a layer. */
  touch(place: Place, layer: number): void {
    const names = [...place.path.slice(1).map(({ name }) => name), place.name];
    names.forEach((name, index) => {
      const entry = (place.path[index]?.node ?? place.directory).children.get(name);
      if (entry !== undefined) entry.layer = layer;
    });
  }

  /** Removes a name and everything below it. */
  remove(place: Pick<Place, 'directory' | 'name'>): void {
    const entry = place.directory.children.get(place.name);
    if (entry === undefined) return;
    place.directory.children.delete(place.name);
    const pending = [entry.node];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      for (const child of node.children.values()) pending.push(child.node);
      node.children.clear();
      node.links--;
      if (node.links === 0) this.#onRemoved(node);
    }
  }

  /** Removes what layers below the given one have put at a place; what this layer wrote stays, with the way to it. */
  removeLower(place: Pick<Place, 'directory' | 'name'>, layer: number): void {
    const entry = place.directory.children.get(place.name);
    if (entry === undefined) return;
    if (entry.layer !== layer) this.remove(place);
    else this.removeLowerChildren(entry.node, layer);
  }

  removeLowerChildren(directory: FileNode, layer: number): void {
    const pending = [directory];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      for (const [name, child] of node.children) {
        if (child.layer !== layer) this.remove({ directory: node, name });
        else pending.push(child.node);
      }
    }
  }

  #add(directory: FileNode, name: string, node: FileNode, layer: number): void {
    if (name.length > longestName) throw new BerthError('LayerInvalid', `The image has a file name of ${name.length} bytes; 255 is the limit.`);
    directory.children.set(name, { node, layer });
    node.links++;
  }
}

function invalid(names: readonly string[], what: string): BerthError {
  const path = Buffer.from(names.join('/'), 'latin1').toString();
  return new BerthError('LayerInvalid', `The image cannot be unpacked: “${path}” ${what}.`);
}
