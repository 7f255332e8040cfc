import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** LISTEN in the kernel's tables (include/net/tcp_states.h). */
const listening = '0A';

/**
 * Who listens on a TCP port of this machine, as far as one can see: “nginx (process 12)”. Only on Linux, and only
 * processes of the same user's.
 */
export async function portOwner(port: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')));
  const inodes = new Set(tables.flatMap((table) => listenersIn(table, port)));
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (await holdsOne(pid, inodes)) return `${(await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program')).trim()} (process ${pid})`;
  }
  return undefined;
}

/** Inodes of the sockets in a table of proc_net_tcp's form that listen on the port. */
export function listenersIn(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').slice(1).map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === listening).map((fields) => fields[9] ?? '');
}

async function holdsOne(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const directory = join('/proc', pid, 'fd');
  // It may end at any moment, or belong to somebody else.
  const descriptors = await readdir(directory).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await readlink(join(directory, descriptor)).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
