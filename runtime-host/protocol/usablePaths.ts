import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { BerthError, isNodeError } from './errors.ts';
import { ensurePrivateDirectory } from './privateDirectory.ts';
import { longestSocketPath, type BerthPaths } from './paths.ts';

/**
 * Makes the data and the runtime directory where they are missing, and says so when they cannot be used.
 * @throws BerthError InvalidArgument, with the variable to change
 */
export async function ensureUsable(paths: BerthPaths): Promise<void> {
  await usable(paths.home, 'BERTH_HOME', async () => {
    await mkdir(paths.home, { recursive: true, mode: 0o700 });
    await access(paths.home, constants.R_OK | constants.W_OK | constants.X_OK);
  });
  const excess = process.platform === 'win32' ? 0 : Buffer.byteLength(paths.container('0'.repeat(64)).controlSocket) - longestSocketPath;
  if (excess > 0) {
    throw new BerthError('InvalidArgument', `The runtime directory ${paths.runtime} is ${excess} bytes too long for the sockets in it. Set BERTH_RUNTIME_DIR to a shorter path.`, {
      data: { path: paths.runtime },
    });
  }
  await usable(paths.runtime, 'BERTH_RUNTIME_DIR', () => ensurePrivateDirectory(paths.runtime));
}

async function usable(path: string, variable: string, prepare: () => Promise<void>): Promise<void> {
  try {
    await prepare();
  } catch (error) {
    if (!isNodeError(error) || error.code === 'ENOSPC') throw error;
    const reasons: Readonly<Record<string, string>> = {
      EACCES: 'you may not write there',
      EPERM: 'you may not write there',
      EROFS: 'its file system is read-only',
      EEXIST: 'it is not a directory',
      ENOTDIR: 'it is not in a directory',
    };
    const reason = reasons[error.code ?? ''] ?? error.message;
    throw new BerthError('InvalidArgument', `Berth cannot use the directory ${path}: ${reason}. Mend that, or set ${variable} to another one.`, { cause: error, data: { path } });
  }
}
