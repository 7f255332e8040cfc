import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { BerthError, isNodeError } from '../../protocol/errors.ts';
import { assertions } from './copyArguments.ts';
import { notADirectory } from './localSource.ts';

/** What is where files are copied to. */
export interface LocalDestination {
  /** As the user wrote it. */
  readonly asked: string;
  /** Without symbolic links. */
  readonly path: string;
  readonly exists: boolean;
  readonly directory: boolean;
  /** It ends with a slash. */
  readonly asserted: boolean;
}

const mostLinks = 10;

/** @throws BerthError PathNotFound when it could not even be made, InvalidArgument when it is a device */
export async function inspectDestination(asked: string): Promise<LocalDestination> {
  const asserted = assertions(asked).directory;
  let path = resolve(asked);
  for (let links = 0; links < mostLinks; links += 1) {
    const status = await unlessMissing(stat(path));
    if (status) {
      if (!status.isDirectory() && !status.isFile()) throw new BerthError('InvalidArgument', `The destination “${asked}” must be a directory or a regular file.`);
      return { asked, path: await realpath(path), exists: true, directory: status.isDirectory(), asserted };
    }
    // A link to what is not there yet: that will be made.
    const link = await unlessMissing(lstat(path));
    if (!link) return { asked, path: join(await parentOf(path), path.slice(dirname(path).length)), exists: false, directory: false, asserted };
    path = resolve(dirname(path), await readlink(path));
  }
  throw new BerthError('InvalidArgument', `The destination “${asked}” leads through too many symbolic links.`);
}

/**
 * The path that a source gets: docker's table (docker cp, “Description”).
 * @throws BerthError InvalidArgument, PathNotFound
 */
export function targetFor(source: { readonly name: string; readonly directory: boolean; readonly contents: boolean }, destination: LocalDestination): string {
  const { asked, path, exists, directory, asserted } = destination;
  if (exists && directory) return source.contents ? path : join(path, source.name);
  if (exists && source.directory) throw new BerthError('InvalidArgument', `The directory cannot be copied onto “${asked}”, which is a file.`);
  if (exists && asserted) throw notADirectory(asked);
  if (!exists && asserted && !source.directory) throw new BerthError('PathNotFound', `There is no directory “${asked}”.`);
  return path;
}

async function parentOf(path: string): Promise<string> {
  const parent = dirname(path);
  const status = await unlessMissing(stat(parent));
  if (!status) throw new BerthError('PathNotFound', `The directory “${parent}” does not exist. Make it first.`);
  if (!status.isDirectory()) throw notADirectory(parent);
  return realpath(parent);
}

async function unlessMissing<Status>(status: Promise<Status>): Promise<Status | undefined> {
  try {
    return await status;
  } catch (error) {
    if (isNodeError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw error;
  }
}
