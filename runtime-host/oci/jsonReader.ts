import { BerthError } from '../protocol/errors.ts';
import { isDigest } from './digest.ts';
import type { Platform } from '../protocol/types.ts';
import type { Descriptor } from './types.ts';

/**
 * Reads one value of a JSON document that came from outside, and knows where in the document it stands, so that what
 * is wrong can be named (`layers[2].digest is missing`). Fields that are `null` count as absent: Go programs write them.
 */
export class JsonReader {
  readonly #value: unknown;
  readonly #path: string;
  /** What the document is, for the message: `The manifest of localhost:5000/app:1`. */
  readonly #subject: string;

  private constructor(value: unknown, path: string, subject: string) {
    this.#value = value ?? undefined;
    this.#path = path;
    this.#subject = subject;
  }

  /** @throws BerthError ManifestInvalid when the text is no JSON object */
  static parse(bytes: Uint8Array, subject: string): JsonReader {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch (cause) {
      throw invalidDocument(subject, 'it is not JSON', cause);
    }
    const reader = new JsonReader(value, '', subject);
    if (!isObject(value)) throw reader.problem('is not a JSON object');
    return reader;
  }

  get isPresent(): boolean {
    return this.#value !== undefined;
  }

  problem(what: string): BerthError {
    return invalidDocument(this.#subject, `${this.#path || 'it'} ${what}`);
  }

  field(name: string): JsonReader {
    if (!isObject(this.#value)) throw this.#wrong('an object');
    const path = this.#path === '' ? name : `${this.#path}.${name}`;
    return new JsonReader(Object.hasOwn(this.#value, name) ? this.#value[name] : undefined, path, this.#subject);
  }

  items(): JsonReader[] {
    if (!Array.isArray(this.#value)) throw this.#wrong('a list');
    return this.#value.map((item, index) => new JsonReader(item, `${this.#path}[${index}]`, this.#subject));
  }

  string(): string {
    if (typeof this.#value !== 'string') throw this.#wrong('a text');
    return this.#value;
  }

  optionalString(): string | undefined {
    return this.isPresent ? this.string() : undefined;
  }

  strings(): string[] {
    return this.items().map((item) => item.string());
  }

  optionalStrings(): string[] | undefined {
    return this.isPresent ? this.strings() : undefined;
  }

  optionalStringMap(): Record<string, string> | undefined {
    if (!this.isPresent) return undefined;
    if (!isObject(this.#value)) throw this.#wrong('an object');
    return Object.fromEntries(Object.keys(this.#value).map((name) => [name, this.field(name).string()]));
  }

  /** The names of an object's members, as in `{"/data": {}}`. */
  optionalNames(): string[] | undefined {
    if (!this.isPresent) return undefined;
    if (!isObject(this.#value)) throw this.#wrong('an object');
    return Object.keys(this.#value);
  }

  size(): number {
    return this.count('a number of bytes');
  }

  /** A whole number that is not negative. */
  count(expected = 'a whole number of at least 0'): number {
    if (!Number.isSafeInteger(this.#value) || (this.#value as number) < 0) throw this.#wrong(expected);
    return this.#value as number;
  }

  digest(): string {
    const text = this.string();
    if (!isDigest(text)) throw this.problem(`is not a sha256 or sha512 digest: “${text.slice(0, 80)}”`);
    return text;
  }

  /** An OCI content descriptor (image-spec, descriptor.md). */
  descriptor(): Descriptor {
    const platform = this.field('platform');
    const annotations = this.field('annotations').optionalStringMap();
    return {
      mediaType: this.field('mediaType').string(),
      digest: this.field('digest').digest(),
      size: this.field('size').size(),
      ...(platform.isPresent ? { platform: platform.platform() } : {}),
      ...(annotations ? { annotations } : {}),
    };
  }

  platform(): Platform {
    const variant = this.field('variant').optionalString();
    return { os: this.field('os').string(), architecture: this.field('architecture').string(), ...(variant ? { variant } : {}) };
  }

  requireSchemaVersion2(): void {
    const version = this.field('schemaVersion');
    if (version.#value !== 2) throw version.isPresent ? version.problem('is not 2') : version.problem('is missing');
  }

  #wrong(expected: string): BerthError {
    return this.problem(this.isPresent ? `is not ${expected}` : 'is missing');
  }
}

export function invalidDocument(subject: string, what: string, cause?: unknown): BerthError {
  return new BerthError('ManifestInvalid', `${subject} is not valid: ${what}. The image must be built or pushed again.`, { cause });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
