import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { testArchitecture } from './testImages.ts';
import type { TarEntry } from './testImages.ts';

const sources = ['netLoad.go', 'netLoadServer.go'].map((name) => join(import.meta.dirname, name));

/** Builds test/support/netLoad.go, static, into a directory; for the host and its guests alike. */
export function buildNetLoad(directory: string): string {
  const program = join(directory, 'netLoad');
  execFileSync('go', ['build', '-ldflags', '-s -w', '-o', program, ...sources], { env: { ...process.env, CGO_ENABLED: '0', GOARCH: testArchitecture, GOFLAGS: '' } });
  return program;
}

/** The layer that has it as /bin/netLoad. */
export function netLoadLayer(program: string): TarEntry[] {
  return [{ path: 'bin/netLoad', content: readFileSync(program), mode: 0o755 }];
}

export interface NetLoadServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** The servers of netLoad on this machine's loopback. */
export async function startNetLoad(program: string, address = '127.0.0.1:0'): Promise<NetLoadServer> {
  const child = spawn(program, ['serve', address], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended.then(() => { throw new Error(`netLoad does not serve ${address}.`); })])) as [string];
  return {
    port: Number(line.slice(line.lastIndexOf(':') + 1)),
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
