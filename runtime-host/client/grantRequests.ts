import { GrantDecideRequest, GrantDidChange, GrantListRequest, GrantRevokeRequest } from '../protocol/methods.ts';
import type { Grant, GrantWish } from '../protocol/grants.ts';
import type { RequestChannel, Requester, RequestOptions } from './requester.ts';

/** `grant` is absent when it was revoked or forgotten. */
export type GrantChange = { readonly id: string; readonly grant?: Grant };

/** grant/…: what the user has decided about directories that workspaces ask for. */
export class GrantRequests {
  readonly #requester: Requester;
  readonly #channel: RequestChannel;

  constructor(requester: Requester, channel: RequestChannel) {
    this.#requester = requester;
    this.#channel = channel;
  }

  list(options?: RequestOptions): Promise<Grant[]> {
    return this.#requester.send(GrantListRequest, options);
  }

  /** Takes the place of an earlier decision about the same directory for the same workspace. */
  decide(wish: GrantWish, options?: RequestOptions): Promise<Grant> {
    return this.#requester.sendWith(GrantDecideRequest, wish, options);
  }

  /** Forgets a decision, and takes the directory away from the workspace's containers. */
  async revoke(id: string, options?: RequestOptions): Promise<void> {
    await this.#requester.sendWith(GrantRevokeRequest, { id }, options);
  }

  /** Calls the listener on every change of any grant, from any client. Returns what ends that. */
  onDidChange(listener: (change: GrantChange) => void): () => void {
    const registration = this.#channel.onNotification(GrantDidChange.method, (params) => listener(params as GrantChange));
    return () => registration.dispose();
  }
}
