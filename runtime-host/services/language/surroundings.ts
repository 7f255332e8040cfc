import type { ContainerInfo, ImageInfo } from '../../protocol/types.ts';

/** What is known of an image name. `unknown`: nobody could be asked. */
export type ImageKnowledge = { readonly state: 'local'; readonly info: ImageInfo } | { readonly state: 'remote' | 'unknown' } | { readonly state: 'missing'; readonly sentence: string };

/** What the language features look up outside of the document. Nothing here throws for what is not there or not to be had. */
export interface Surroundings {
  images(): Promise<readonly ImageInfo[]>;
  containers(): Promise<readonly ContainerInfo[]>;
  imageKnowledge(reference: string): Promise<ImageKnowledge>;
  /** The tags of a reference's repository, those that people want most likely first. */
  tags(reference: string): Promise<readonly string[]>;
  readonly environment: NodeJS.ProcessEnv;
}
