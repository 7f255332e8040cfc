import { withQuery } from './streams.ts';

/*
 * Streams of tar bytes, framed as the others are (streams.ts): what leaves the container comes on channel 1, what goes
 * into it on channel 0, whose end (255) is the archive's. The status tells how it went.
 */

export interface CopyFromOptions {
  /** Copy what the path leads to, when that is a symbolic link. */
  readonly followLink?: boolean;
}

export const copySources = ['entries', 'file', 'directory', 'contents'] as const;

export interface CopyToOptions {
  /**
   * What the archive holds: `entries` for a directory; one `file`, whatever its name; a `directory`, which is the
   * entry “.”; or its `contents`, which go into a directory that exists without one of their own.
   */
  readonly source: (typeof copySources)[number];
  /** Of the source, for when the destination is a directory. */
  readonly name?: string;
  /** Files belong to whom the archive says, and not to root. */
  readonly keepOwner?: boolean;
}

export function copyFromStreamPath(container: string, path: string, { followLink }: CopyFromOptions = {}): string {
  return withQuery(`/containers/${encodeURIComponent(container)}/copyFrom`, { path, followLink });
}

export function copyToStreamPath(container: string, path: string, { source, name, keepOwner }: CopyToOptions): string {
  return withQuery(`/containers/${encodeURIComponent(container)}/copyTo`, { path, source, name, keepOwner });
}

export function exportStreamPath(container: string): string {
  return `/containers/${encodeURIComponent(container)}/export`;
}
