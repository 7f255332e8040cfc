import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Addresses of servers “outside”, all of them in a network namespace that has nothing else. */
export const outside = {
  allowed: '203.0.113.10',
  other: '203.0.113.20',
  nameServer: '203.0.113.53',
  metadata: '169.254.169.254',
  six: '2001:db8:99::10',
} as const;

/** An internet of a few addresses, without privileges: namespaces of the kernel in which netd runs, and servers beside it. */
export interface FakeInternet {
  /** For BERTH_NETD: netd in there. */
  readonly netd: string;
  /** Runs until {@link stop}; resolves at its first line of output. */
  serve(program: string, ...args: string[]): Promise<void>;
  /** The questions that the name server outside was asked, so far. */
  readonly questions: string[];
  stop(): Promise<void>;
}

/** Why there can be none here; undefined when there can. */
export function whyNoNamespaces(): string | undefined {
  try {
    execFileSync('unshare', [...namespaces, 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'unshare(1) makes no user, mount and network namespaces here';
  }
}

const namespaces = ['--user', '--map-root-user', '--mount', '--net'];

/**
 * @param names what the name server outside answers; the resolv.conf and hosts file in there are its own
 */
export async function startFakeInternet(directory: string, netd: string, names: Readonly<Record<string, string>>): Promise<FakeInternet> {
  if (!existsSync(netd)) throw new Error(`${netd} is missing: npm run build:netd`);
  const [resolvConf, hosts] = [join(directory, 'resolv.conf'), join(directory, 'hosts')];
  writeFileSync(resolvConf, `nameserver ${outside.nameServer}\n`);
  writeFileSync(hosts, '127.0.0.1 localhost\n');
  const children: ChildProcess[] = [];
  const start = async (command: string, args: readonly string[], onLine: (line: string) => void = () => undefined): Promise<number> => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const lines = createInterface(child.stdout);
    const first = Promise.race([once(lines, 'line'), once(child, 'close').then(() => { throw new Error(`${command} ${args.join(' ')} has ended.`); })]);
    lines.on('line', onLine);
    await first;
    return child.pid!;
  };
  const addresses = Object.values(outside).map((address) => `ip addr add ${address}/${address.includes(':') ? 128 : 32} dev lo`);
  // It ends with its standard input, and so with this process.
  const holder = await start('unshare', [...namespaces, 'sh', '-ec', ['mount --bind "$1" /etc/resolv.conf', 'mount --bind "$2" /etc/hosts', 'ip link set lo up', ...addresses, 'echo ready', 'exec cat'].join('\n'), 'sh', resolvConf, hosts]);
  const inside = ['--preserve-credentials', '--user', '--mount', '--net', '--target', String(holder)];
  const wrapper = join(directory, 'netd');
  writeFileSync(wrapper, `#!/bin/sh\nexec nsenter ${inside.join(' ')} ${netd} "$@"\n`, { mode: 0o755 });
  const questions: string[] = [];
  const nameServer = join(import.meta.dirname, 'nameServer.ts');
  await start('nsenter', [...inside, process.execPath, nameServer, outside.nameServer, JSON.stringify(names)], (line) => questions.push(line));
  return {
    netd: wrapper,
    questions,
    serve: async (program, ...args) => { await start('nsenter', [...inside, program, ...args]); },
    stop: async () => {
      for (const child of children.reverse()) {
        const ended = child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined;
        child.kill('SIGKILL');
        await ended;
      }
    },
  };
}
