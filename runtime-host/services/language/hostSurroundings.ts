import { formatReference, parseReference } from '../../oci/reference.ts';
import { RegistryClient } from '../../oci/registryClient.ts';
import { BerthError } from '../../protocol/errors.ts';
import type { ContainerInfo, ImageInfo } from '../../protocol/types.ts';
import type { ContainerService, ImageService } from '../interfaces.ts';
import { orderTags } from './tagOrder.ts';
import type { ImageKnowledge, Surroundings } from './surroundings.ts';

/** How long what a registry said is taken for true. */
const freshMilliseconds = 60_000;
/** How long a person who types would wait. */
const registryMilliseconds = 10_000;

export interface HostSurroundingsOptions {
  readonly images: ImageService;
  readonly containers: ContainerService;
  /** Whether registries that a file names may be asked: not for folders that are not trusted. */
  readonly asksRegistries: boolean;
  readonly environment: NodeJS.ProcessEnv;
}

/** This machine's images and containers, and what registries say, each thing once a minute. */
export class HostSurroundings implements Surroundings {
  readonly #options: HostSurroundingsOptions;
  readonly #answers = new Map<string, { readonly until: number; readonly answer: Promise<unknown> }>();

  constructor(options: HostSurroundingsOptions) {
    this.#options = options;
  }

  get environment(): NodeJS.ProcessEnv {
    return this.#options.environment;
  }

  images(): Promise<readonly ImageInfo[]> {
    return this.#options.images.list();
  }

  containers(): Promise<readonly ContainerInfo[]> {
    return this.#options.containers.list({ all: true });
  }

  async imageKnowledge(reference: string): Promise<ImageKnowledge> {
    try {
      return { state: 'local', info: await this.#options.images.inspect(reference) };
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      if (error.code !== 'ImageNotFound') return error.code === 'InvalidArgument' ? { state: 'missing', sentence: error.message } : { state: 'unknown' };
    }
    if (!this.#options.asksRegistries) return { state: 'unknown' };
    return this.#once(`image ${reference}`, async (signal): Promise<ImageKnowledge> => {
      const client = new RegistryClient(parseReference(reference));
      try {
        await client.fetchRoot(signal);
        return { state: 'remote' };
      } catch (error) {
        return error instanceof BerthError && error.code === 'ImageNotFound' ? { state: 'missing', sentence: error.message } : { state: 'unknown' };
      } finally {
        client.dispose();
      }
    });
  }

  async tags(reference: string): Promise<readonly string[]> {
    if (!this.#options.asksRegistries) return [];
    let repository: ReturnType<typeof parseReference>;
    try {
      repository = parseReference(reference);
    } catch {
      return []; // It is being typed.
    }
    return this.#once(`tags ${formatReference(repository)}`, async (signal) => {
      const client = new RegistryClient(repository);
      try {
        return orderTags(await client.listTags(signal));
      } catch {
        return []; // No registry, no tags: a completion is no place to complain.
      } finally {
        client.dispose();
      }
    });
  }

  /** Shared by all who ask, so nobody's going away ends it; the time limit does. */
  #once<T>(key: string, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const now = Date.now();
    for (const [known, { until }] of this.#answers) if (until < now) this.#answers.delete(known);
    const fresh = this.#answers.get(key);
    if (fresh) return fresh.answer as Promise<T>;
    const answer = ask(AbortSignal.timeout(registryMilliseconds));
    this.#answers.set(key, { until: now + freshMilliseconds, answer });
    return answer;
  }
}
