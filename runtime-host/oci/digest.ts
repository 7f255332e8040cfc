import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';

/** The algorithms of image-spec, descriptor.md, "Registered algorithms", with the length of their hexadecimal form. */
const algorithms: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

export interface ParsedDigest {
  readonly algorithm: string;
  readonly hex: string;
}

/** The parts of `sha256:…`; undefined when the text is no digest that Berth can verify. */
export function parseDigest(text: string): ParsedDigest | undefined {
  const [, algorithm = '', hex = ''] = /^([a-z0-9]+):([0-9a-f]+)$/.exec(text) ?? [];
  return Object.hasOwn(algorithms, algorithm) && algorithms[algorithm] === hex.length ? { algorithm, hex } : undefined;
}

export function isDigest(text: string): boolean {
  return parseDigest(text) !== undefined;
}

/** The sha256 digest of the content, as a descriptor has it. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Feeds on content as it streams and answers its digest, by the algorithm of the digest that is expected. */
export class DigestVerifier {
  readonly #algorithm: string;
  readonly #hash: Hash;

  /** @param expected a digest that {@link isDigest} has accepted */
  constructor(expected: string) {
    const parsed = parseDigest(expected);
    if (!parsed) throw new TypeError(`Not a digest: ${expected}`);
    this.#algorithm = parsed.algorithm;
    this.#hash = createHash(parsed.algorithm);
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  /** May be asked once, after the last update. */
  digest(): string {
    return `${this.#algorithm}:${this.#hash.digest('hex')}`;
  }
}

/** The digest of the content by the same algorithm as the expected one. */
export function digestLike(expected: string, content: Uint8Array): string {
  const verifier = new DigestVerifier(expected);
  verifier.update(content);
  return verifier.digest();
}
