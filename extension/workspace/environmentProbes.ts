import type { HostStream } from '../../runtime-host/client/index.ts';
import { BerthError } from '../../runtime-host/protocol/errors.ts';
import type { ContainerInfo, ExecOptions } from '../../runtime-host/protocol/types.ts';
import { probeCommand, probeMilliseconds, readProbe, type UserEnvProbe } from './environmentProbe.ts';

export interface ProbeOptions {
  readonly probe: UserEnvProbe;
  /** Empty: the image's. */
  readonly user: string;
}

export interface EnvironmentProbesOptions {
  exec(container: string, process: ExecOptions, options: { readonly signal: AbortSignal }): Promise<HostStream>;
  /** Told, once for each start of a container, why it does without. */
  notice(sentence: string): void;
  /** For tests: instead of the usual time. */
  readonly limitMilliseconds?: number;
}

/** What users' shells have in containers (`userEnvProbe`), asked once for each start of a container. */
export class EnvironmentProbes {
  readonly #options: EnvironmentProbesOptions;
  readonly #found = new Map<string, { readonly start: string; readonly environment: Promise<readonly string[]> }>();

  constructor(options: EnvironmentProbesOptions) {
    this.#options = options;
  }

  /** `NAME=value`; empty when nothing is to be asked, or the shell does not tell. Never rejects. */
  of(container: ContainerInfo, options: ProbeOptions): Promise<readonly string[]> {
    const { probe, user } = options;
    if (probe === 'none') return Promise.resolve([]);
    const key = JSON.stringify([container.id, probe, user]);
    const known = this.#found.get(key);
    const start = container.startedAt ?? '';
    if (known?.start === start) return known.environment;
    const environment = this.#ask(container, probe, user).catch((error: unknown) => {
      // It may have been the connection, or the container's end: then the next one asks again.
      if (!(error instanceof BerthError) || error.code !== 'GuestFailed') this.#found.delete(key);
      this.#options.notice(`Programs in “${container.name}” are started without the environment of the user’s shell (userEnvProbe “${probe}”): ${(error as Error).message}`);
      return [];
    });
    this.#found.set(key, { start, environment });
    return environment;
  }

  async #ask(container: ContainerInfo, probe: Exclude<UserEnvProbe, 'none'>, user: string): Promise<readonly string[]> {
    const { exec, limitMilliseconds = probeMilliseconds } = this.#options;
    const late = AbortSignal.timeout(limitMilliseconds);
    const tooLate = (): BerthError => new BerthError('GuestFailed', `It did not end within ${limitMilliseconds / 1000} seconds. Its start files may wait for something.`);
    try {
      const stream = await exec(container.id, { command: probeCommand(probe), hangUp: true, ...(user ? { user } : {}) }, { signal: late });
      const hangUp = (): void => stream.close();
      late.addEventListener('abort', hangUp, { once: true });
      stream.stderr.resume();
      const chunks: Buffer[] = [];
      for await (const chunk of stream.stdout) chunks.push(chunk as Buffer);
      await stream.status;
      late.removeEventListener('abort', hangUp);
      return readProbe(Buffer.concat(chunks).toString('utf8'), container.env);
    } catch (error) {
      throw late.aborted ? tooLate() : error;
    }
  }
}
