import { setTimeout as delay } from 'node:timers/promises';
import { BerthError } from '../protocol/errors.ts';
import { TokenSource } from './auth.ts';
import { digestLike, digestOf, isDigest } from './digest.ts';
import { megabytes } from './format.ts';
import { mismatch } from './ingest.ts';
import { largestManifest } from './manifest.ts';
import { acceptedManifestTypes } from './mediaTypes.ts';
import { formatReference } from './reference.ts';
import type { Reference } from './reference.ts';
import { explainFailure, mayPass, readErrorCodes, refusal } from './registryErrors.ts';
import { RegistryHttp, isCutShort, isLoopbackHost } from './registryHttp.ts';
import type { HttpResponse, HttpSettings } from './registryHttp.ts';
import type { Descriptor } from './types.ts';

/** A manifest or index as the registry sent it, its digest verified. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** How often one blob is taken up again after the connection closed, and how often without a byte more. */
const mostResumptions = 10;
const mostVainResumptions = 3;
/** Nobody reads on in a list of more than ten thousand tags. */
const mostTagPages = 10;

/**
 * Reads one repository of a registry (distribution-spec, "Pull"), anonymously or with anonymous tokens. HTTPS, or HTTP
 * for loopback hosts. Dispose of it. Everything that it throws is a BerthError: ImageNotFound, RegistryUnreachable,
 * RegistryTimeout, RegistryRefused, DigestMismatch, ManifestInvalid or Cancelled.
 */
export class RegistryClient {
  readonly #reference: Reference;
  readonly #base: URL;
  readonly #http: RegistryHttp;
  readonly #tokens: TokenSource;

  constructor(reference: Reference, settings: HttpSettings = {}) {
    this.#reference = reference;
    // Docker Hub's registry has another name than its images.
    const host = reference.domain === 'docker.io' ? 'registry-1.docker.io' : reference.domain;
    const scheme = isLoopbackHost(new URL(`http://${host}`).hostname) ? 'http' : 'https';
    this.#base = new URL(`${scheme}://${host}/v2/${reference.repository}/`);
    this.#http = new RegistryHttp(settings);
    this.#tokens = new TokenSource(this.#http, this.#base.host);
  }

  dispose(): void {
    this.#http.dispose();
  }

  /** What the reference names. */
  async fetchRoot(signal: AbortSignal): Promise<FetchedManifest> {
    const { digest, tag = 'latest' } = this.#reference;
    const { bytes, mediaType, announced } = await this.#fetchManifestBytes(digest ?? tag, signal);
    const expected = digest ?? announced ?? digestOf(bytes);
    const actual = digestLike(expected, bytes);
    const descriptor = { mediaType, digest: expected, size: bytes.length };
    if (actual !== expected) throw mismatch(descriptor, `what arrived has the digest ${actual}`, actual);
    return { descriptor, bytes };
  }

  /** A manifest that an index names; verified by whoever stores it. */
  async fetchManifest(descriptor: Descriptor, signal: AbortSignal): Promise<Buffer> {
    return (await this.#fetchManifestBytes(descriptor.digest, signal)).bytes;
  }

  /**
   * The tags of the repository, as many as the registry gives in {@link mostTagPages} answers (distribution-spec,
   * "Content Discovery").
   */
  async listTags(signal: AbortSignal): Promise<string[]> {
    const tags: string[] = [];
    let next: URL | undefined = new URL(`tags/list?n=1000`, this.#base);
    for (let page = 0; next && page < mostTagPages; page += 1) {
      const { names, link } = await this.#fetchTags(next, signal);
      tags.push(...names);
      next = link;
    }
    return tags;
  }

  /**
   * The content of a blob. When the connection closes or falls silent before its end, the rest is asked for by a range
   * request, as long as the registry knows them. The size and the digest are verified by whoever stores it.
   */
  async *readBlob(descriptor: Descriptor, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let received = 0;
    let inVain = 0;
    for (let attempt = 0; ; attempt += 1) {
      const before = received;
      try {
        const response = await this.#openBlob(descriptor, received, signal);
        for await (const chunk of response.body) {
          received += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        inVain = received > before ? 0 : inVain + 1;
        const isWorthIt = received > 0 && received < descriptor.size && inVain <= mostVainResumptions && attempt < mostResumptions;
        if (!isWorthIt || !mayPass(error) || signal.aborted) throw this.#explainBlobFailure(error, descriptor, received, signal);
        if (inVain > 0) await this.#pause(this.#http.resumePause * 2 ** (inVain - 1), signal);
      }
    }
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    await delay(milliseconds, undefined, { signal }).catch((error: unknown) => {
      throw explainFailure(error, this.#base.host, signal);
    });
  }

  async #openBlob(descriptor: Descriptor, offset: number, signal: AbortSignal): Promise<HttpResponse> {
    const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const response = await this.#get(new URL(`blobs/${descriptor.digest}`, this.#base), headers, signal);
    if (response.status === (offset === 0 ? 200 : 206) && startsAt(response, offset)) return response;
    response.discard();
    // Asked for the rest, it sends the whole again or refuses the range: it cannot resume.
    if (offset > 0 && (response.status === 200 || response.status === 206 || response.status === 416)) throw this.#closedEarly(descriptor, offset);
    if (response.status === 404) {
      throw new BerthError('RegistryRefused', `The registry ${this.#base.host} does not have a part of the image that its manifest names (${descriptor.digest}). The image must be pushed again.`, { data: { registry: this.#base.host, digest: descriptor.digest } });
    }
    throw refusal(response, this.#base.host, this.#name);
  }

  async #fetchTags(url: URL, signal: AbortSignal): Promise<{ names: string[]; link: URL | undefined }> {
    try {
      const response = await this.#get(url, { accept: 'application/json' }, signal);
      if (response.status === 404) throw this.#notFound(['NAME_UNKNOWN'], '');
      if (response.status !== 200) {
        response.discard();
        throw refusal(response, this.#base.host, this.#name);
      }
      const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(response.headers['link'] ?? ''))?.[1];
      const { tags } = JSON.parse((await this.#readManifest(response)).toString('utf8')) as { tags?: unknown };
      const next = link === undefined ? undefined : new URL(link, url);
      return { names: Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string') : [], link: next?.origin === url.origin ? next : undefined };
    } catch (error) {
      throw explainFailure(error, this.#base.host, signal);
    }
  }

  async #fetchManifestBytes(tagOrDigest: string, signal: AbortSignal): Promise<{ bytes: Buffer; mediaType: string; announced: string | undefined }> {
    try {
      const response = await this.#get(new URL(`manifests/${tagOrDigest}`, this.#base), { accept: acceptedManifestTypes.join(', ') }, signal);
      if (response.status === 404) throw this.#notFound(await readErrorCodes(response), tagOrDigest);
      if (response.status !== 200) {
        response.discard();
        throw refusal(response, this.#base.host, this.#name);
      }
      const announced = response.headers['docker-content-digest'];
      const mediaType = (response.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
      return { bytes: await this.#readManifest(response), mediaType, announced: typeof announced === 'string' && isDigest(announced) ? announced : undefined };
    } catch (error) {
      throw explainFailure(error, this.#base.host, signal);
    }
  }

  async #readManifest(response: HttpResponse): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body) {
      size += chunk.length;
      if (size > largestManifest) {
        throw new BerthError('ManifestInvalid', `The manifest of ${this.#name} is not valid: it is larger than ${largestManifest / 1024 / 1024} MiB.`, { data: { reference: this.#name } });
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** One GET with the token that we have; when the registry wants another, with that. */
  async #get(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<HttpResponse> {
    const { repository } = this.#reference;
    const response = await this.#http.get(url, headers, this.#tokens.current(repository), signal);
    if (response.status !== 401 || response.url.origin !== url.origin) return response;
    response.discard();
    const authorization = await this.#tokens.answer(response.headers['www-authenticate'], repository, signal);
    return await this.#http.get(url, headers, authorization, signal);
  }

  get #name(): string {
    return formatReference(this.#reference);
  }

  #notFound(codes: readonly string[], tagOrDigest: string): BerthError {
    const { repository } = this.#reference;
    const host = this.#base.host;
    const sentence = codes.includes('NAME_UNKNOWN')
      ? `The registry ${host} has no image “${repository}”. Check the name.`
      : `The registry ${host} has no “${repository}” with the ${isDigest(tagOrDigest) ? 'digest' : 'tag'} “${tagOrDigest}”. Check the name and the tag.`;
    return new BerthError('ImageNotFound', sentence, { data: { reference: this.#name } });
  }

  #closedEarly(descriptor: Descriptor, received: number): BerthError {
    const sentence = `The registry ${this.#base.host} closed the connection after ${megabytes(received)} of ${megabytes(descriptor.size)} MB of a layer. Try again later.`;
    return new BerthError('RegistryUnreachable', sentence, { data: { registry: this.#base.host, digest: descriptor.digest, received, size: descriptor.size } });
  }

  #explainBlobFailure(error: unknown, descriptor: Descriptor, received: number, signal: AbortSignal): BerthError {
    const cutShort = isCutShort(error) && received > 0 && !signal.aborted;
    return cutShort ? this.#closedEarly(descriptor, received) : explainFailure(error, this.#base.host, signal);
  }
}

/** Whether the answer's content begins where it was asked to (RFC 9110 section 14.4). */
function startsAt(response: HttpResponse, offset: number): boolean {
  return offset === 0 || new RegExp(`^bytes ${offset}-`).test(response.headers['content-range'] ?? '');
}
