import { isAbsolute } from 'node:path';
import { BerthError } from '../../protocol/errors.ts';

/** One side of a copy: a path in a container, one of ours, or `-`. */
export interface CopyPlace {
  readonly container?: string;
  readonly path: string;
}

/** As docker reads it: `CONTAINER:PATH`, and what begins with `/` or `.` is ours whatever colons it has. */
export function parsePlace(text: string): CopyPlace {
  const colon = text.indexOf(':');
  if (isAbsolute(text) || text.startsWith('.') || colon === -1) return { path: text };
  const path = text.slice(colon + 1);
  return { container: text.slice(0, colon), path: path === '' ? '/' : path };
}

/** @throws BerthError InvalidArgument unless exactly one of them is a container's */
export function checkPlaces(source: CopyPlace, destination: CopyPlace): void {
  const wrong = (message: string): never => {
    throw new BerthError('InvalidArgument', message);
  };
  if (source.path === '') wrong('The source can not be empty.');
  if (destination.path === '') wrong('The destination can not be empty.');
  if (source.container === '' || destination.container === '') wrong('There is no container named before the colon.');
  if (source.container !== undefined && destination.container !== undefined) wrong('Copying between containers is not supported. Copy to this machine first.');
  if (source.container === undefined && destination.container === undefined) wrong('One of the two must be in a container, as CONTAINER:PATH.');
}

/** Whether a path says of itself that it is a directory, or the contents of one. */
export function assertions(path: string): { readonly directory: boolean; readonly contents: boolean } {
  const contents = path === '.' || path.endsWith('/.') || /^\/+$/.test(path);
  return { contents, directory: contents || path.endsWith('/') };
}
