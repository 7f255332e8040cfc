import type { RegistryServer } from './registryServer.mjs';

export interface StarterImageOptions {
  /** Default: `berth-dev` in the user's cache directory. */
  readonly cacheDir?: string;
  /** Receives one line at the start of each long step. */
  readonly log?: (line: string) => void;
}

export interface StarterImage {
  /** An OCI image layout. */
  readonly directory: string;
  /** The image's name within the layout. */
  readonly tag: string;
  readonly manifestDigest: string;
}

export interface StarterRegistryOptions extends StarterImageOptions {
  /** 0, the default, for a free one. */
  readonly port?: number;
}

export interface StarterRegistry extends RegistryServer {
  /** `localhost:PORT/berth/starter:12` */
  readonly reference: string;
  readonly image: StarterImage;
}

export const starterName: string;
export function ensureStarterImage(options?: StarterImageOptions): Promise<StarterImage>;
export function startStarterRegistry(options?: StarterRegistryOptions): Promise<StarterRegistry>;
export function defaultCacheDirectory(): string;
