import * as methods from '../protocol/methods.ts';
import type { PruneFilters, PruneResult } from '../protocol/types.ts';
import type { VolumeInfo, VolumeSpec } from '../protocol/volumes.ts';
import type { Requester } from './requester.ts';

/** volume/…: storage that outlives containers. */
export class VolumeRequests {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Answers with the one that exists when it is such as is wanted. */
  create(spec: VolumeSpec = {}): Promise<VolumeInfo> {
    return this.#requester.sendWith(methods.VolumeCreateRequest, spec);
  }

  list(): Promise<VolumeInfo[]> {
    return this.#requester.send(methods.VolumeListRequest);
  }

  inspect(volume: string): Promise<VolumeInfo> {
    return this.#requester.sendWith(methods.VolumeInspectRequest, { volume });
  }

  /** With `force` it is no error when there is no such volume. */
  async remove(volume: string, options: { readonly force?: boolean } = {}): Promise<void> {
    await this.#requester.sendWith(methods.VolumeRemoveRequest, { volume, ...options });
  }

  /** Removes the anonymous ones that no container refers to; with `all` the others, too. */
  prune(options: PruneFilters & { readonly all?: boolean } = {}): Promise<PruneResult> {
    return this.#requester.sendWith(methods.VolumePruneRequest, options);
  }
}
