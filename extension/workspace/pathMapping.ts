import { posix } from 'node:path';
import type { ContainerInfo } from '../../runtime-host/protocol/types.ts';
import { PathRewriter, rewritePaths, type PathPair } from './pathRewriter.ts';

/** A folder of the window under the path that the window knows, which may lead to the real one over symbolic links. */
export interface KnownFolder {
  readonly path: string;
  readonly realPath: string;
}

interface Place {
  /** Real path of this machine. Absent where the container has something of its own in the middle of a shared folder. */
  readonly host?: string;
  readonly guest: string;
}

/** Which paths of this machine and of a container are the same files. All paths are absolute. */
export class PathMapping {
  /** The deepest in the container first: that is the one that is seen there. */
  readonly #places: readonly Place[];
  readonly #known: readonly KnownFolder[];

  constructor(places: readonly Place[], known: readonly KnownFolder[] = []) {
    this.#places = [...places].sort((a, b) => b.guest.length - a.guest.length);
    this.#known = known.filter(({ path, realPath }) => path !== realPath).sort((a, b) => b.realPath.length - a.realPath.length);
  }

  /** As a container's mounts have it; its volumes cover what is under them. Paths of this machine are given as `known` has them. */
  static of({ mounts, volumes = [] }: Pick<ContainerInfo, 'mounts' | 'volumes'>, known: readonly KnownFolder[] = []): PathMapping {
    const shared = mounts.map(({ source, target }) => ({ host: source, guest: trimmed(target) }));
    return new PathMapping([...shared, ...volumes.map(({ target }) => ({ guest: trimmed(target) }))], known);
  }

  /** Where a path of this machine is in the container; undefined when it is not there. */
  toGuest(hostPath: string): string | undefined {
    const path = this.#realOf(trimmed(posix.normalize(hostPath)));
    const candidates = this.#places
      .flatMap((place) => (place.host !== undefined && within(place.host, path) ? [{ place, host: place.host }] : []))
      .sort((a, b) => b.host.length - a.host.length);
    for (const { place, host } of candidates) {
      const guest = moved(path, host, place.guest);
      // What is shared there may be hidden by what was mounted over it.
      if (this.#placeOf(guest) === place) return guest;
    }
    return undefined;
  }

  /** Where a path of the container is on this machine; undefined when it is in the container only. */
  toHost(guestPath: string): string | undefined {
    const path = trimmed(posix.normalize(guestPath));
    const place = this.#placeOf(path);
    return place?.host === undefined ? undefined : this.#knownOf(moved(path, place.guest, place.host));
  }

  /** Rewrites the container's paths in what a process prints to this machine's. */
  rewriteOutput(): PathRewriter {
    return new PathRewriter(this.#places.map(({ host, guest }) => ({ from: guest, to: host === undefined ? guest : this.#knownOf(host) })));
  }

  /** Rewrites this machine's paths in a text, such as a command line, to the container's. */
  textToGuest(text: string): string {
    const pairs = this.#places.flatMap(({ host, guest }): PathPair[] => {
      if (host === undefined) return [];
      return [...new Set([host, ...this.#known.flatMap(({ path, realPath }) => (within(realPath, host) ? [moved(host, realPath, path)] : []))])]
        .map((from) => ({ from, to: guest }));
    });
    return rewritePaths(text, pairs);
  }

  #placeOf(guest: string): Place | undefined {
    return this.#places.find((place) => within(place.guest, guest));
  }

  #realOf(path: string): string {
    const folder = this.#known.filter((each) => within(each.path, path)).sort((a, b) => b.path.length - a.path.length)[0];
    return folder ? moved(path, folder.path, folder.realPath) : path;
  }

  #knownOf(realPath: string): string {
    const folder = this.#known.find((each) => within(each.realPath, realPath));
    return folder ? moved(realPath, folder.realPath, folder.path) : realPath;
  }
}

/** The path of something in one directory, in another. */
function moved(path: string, from: string, to: string): string {
  return posix.join(to, posix.relative(from, path));
}

/** Without a slash at its end. */
function trimmed(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function within(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}
