import { stat } from 'node:fs/promises';

/** Numbers of a user and a group of the host. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** As whom QEMU runs: its real credentials decide what it may do in a shared directory. */
export interface HostUser extends Owner {
  readonly groups: readonly number[];
}

/**
 * Whose files in a shared directory belong to whoever looks at them in the guest, and who owns what is made there.
 * QEMU makes files as its own user. Only when that is root it can give them to somebody else, and then a directory's
 * files stay with the one to whom the directory belongs.
 */
export async function shareOwner(directory: string, user: HostUser = currentUser()): Promise<Owner> {
  const { uid, gid } = await stat(directory);
  if (user.uid === 0) return { uid, gid };
  // Somebody else's directory that this user may write through one of their groups.
  if (uid !== user.uid && user.groups.includes(gid)) return { uid: user.uid, gid };
  return { uid: user.uid, gid: user.gid };
}

function currentUser(): HostUser {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, groups: process.getgroups?.() ?? [] };
}
