import { posix } from 'node:path';
import { BerthError } from '../../protocol/errors.ts';

/** Directories that the guest itself provides. */
const reservedTargets = ['/proc', '/sys', '/dev'];

export function isReservedTarget(target: string): boolean {
  return target === '/' || reservedTargets.some((reserved) => target === reserved || target.startsWith(`${reserved}/`));
}

/**
 * A place in the container as it is written canonically.
 * @throws BerthError InvalidArgument when nothing can be mounted there
 */
export function cleanTarget(path: string): string {
  const target = posix.normalize(path).replace(/(?<=.)\/$/, '');
  if (!target.startsWith('/') || target.includes('\0')) throw invalid(`“${path}” is not an absolute path in the container.`);
  if (isReservedTarget(target)) throw invalid(`Nothing can be mounted at “${target}” of the container. Choose another place.`);
  return target;
}

function invalid(message: string): BerthError {
  return new BerthError('InvalidArgument', message, { data: { option: 'mounts' } });
}
