import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { corpusEnvironment } from './corpus.ts';

const publicCli = createRequire(import.meta.url).resolve('@devcontainers/cli/devcontainer.js');

export interface Answer {
  /** Exit status. */
  readonly status: number;
  /** Parsed; undefined when nothing was printed. */
  readonly printed?: Readonly<Record<string, unknown>>;
}

/**
 * The public command line. It asks `docker` for a container and for the image's labels, so it finds a small stand-in on
 * its PATH, which knows no container and one image.
 */
export class Oracle {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** @param directory an empty one for the stand-in */
  static async in(directory: string): Promise<Oracle> {
    const docker = join(directory, 'docker');
    await mkdir(directory, { recursive: true });
    await writeFile(docker, '#!/bin/sh\n[ "$1" != inspect ] || cat "$ORACLE_IMAGE"\n');
    await chmod(docker, 0o755);
    return new Oracle(directory);
  }

  /** @param label of the image, `devcontainer.metadata` */
  async readConfiguration(words: readonly string[], label?: string, workingDirectory?: string): Promise<Answer> {
    const image = join(this.#directory, `image-${Math.random().toString(36).slice(2)}.json`);
    await writeFile(image, JSON.stringify([{ Id: 'sha256:1', Architecture: 'amd64', Os: 'linux', Config: { User: '', Env: ['PATH=/bin'], Cmd: ['sh'], Labels: label === undefined ? {} : { 'devcontainer.metadata': label } } }]));
    const env = { ...process.env, ...corpusEnvironment, PATH: `${this.#directory}:${process.env['PATH'] ?? ''}`, ORACLE_IMAGE: image, NODE_COMPILE_CACHE: join(this.#directory, 'compiled') };
    return runForAnswer([publicCli, 'read-configuration', ...words], env, workingDirectory);
  }
}

/** Runs a program for Node that prints one JSON object. */
export function runForAnswer(words: readonly string[], env: NodeJS.ProcessEnv, workingDirectory?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, words, { env, ...(workingDirectory !== undefined && { cwd: workingDirectory }) }, (error, out) => {
      if (error && typeof error.code !== 'number') {
        reject(error);
        return;
      }
      const status = error ? Number(error.code) : 0;
      resolve({ status, ...(out.trim() !== '' && { printed: JSON.parse(out) as Record<string, unknown> }) });
    });
  });
}
