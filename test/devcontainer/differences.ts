import type { Answer } from './oracle.ts';

/* Where Berth answers differently on purpose. Everything that is not here is compared as it is. */

/** What the public command line says beside the configuration, and we do not. */
export function withoutForeignParts({ status, printed }: Answer): Answer {
  if (!printed) return { status };
  // About signing in to registries of Features, which Berth does not fetch.
  const { ociAuthDiagnostics: _ociAuthDiagnostics, ...rest } = printed;
  const merged = rest['mergedConfiguration'] as Record<string, unknown> | undefined;
  const { memory } = (merged?.['hostRequirements'] ?? {}) as { memory?: unknown };
  if (memory !== '-Infinity') return { status, printed: rest };
  // The greatest of no requirements at all; where nobody asks for anything, there is no member.
  const { hostRequirements: _nothing, ...others } = merged ?? {};
  return { status, printed: { ...rest, mergedConfiguration: others } };
}

export interface Difference {
  readonly name: string;
  readonly reason: string;
  readonly text: string;
  readonly label?: string;
  /** Whether the public command line prints an answer. */
  readonly theyAnswer: boolean;
  /** Members of `mergedConfiguration` as they come out there and here; absent: we refuse. */
  readonly theirs?: Readonly<Record<string, unknown>>;
  readonly ours?: Readonly<Record<string, unknown>>;
  /** What we say instead of an answer. */
  readonly sentence?: RegExp;
}

export const differences: readonly Difference[] = [
  {
    name: 'a missing comma', reason: 'it guesses what a broken file means; we name the line', theyAnswer: true,
    text: '{\n  "image": "debian:12"\n  "name": "a"\n}', sentence: /is not valid JSON: comma expected in line 3/,
  },
  {
    name: 'an end that is missing', reason: 'it guesses what a broken file means; we name the line', theyAnswer: true,
    text: '{ "image": "debian:12", "name": ', sentence: /is not valid JSON/,
  },
  {
    name: 'a unit in capitals', reason: 'it ignores a requirement that is written “4GB”; we count it', theyAnswer: true,
    text: '{ "image": "debian:12", "hostRequirements": { "cpus": 1, "memory": "4GB" } }',
    theirs: { hostRequirements: { cpus: 1 } }, ours: { hostRequirements: { cpus: 1, memory: '4294967296' } },
  },
  {
    name: 'a graphics processor that two ask for', reason: 'it makes an empty object of two times true', theyAnswer: true,
    text: '{ "image": "debian:12", "hostRequirements": { "gpu": true } }', label: '{ "hostRequirements": { "gpu": true } }',
    theirs: { hostRequirements: { cpus: 0, gpu: {} } }, ours: { hostRequirements: { cpus: 0, gpu: true } },
  },
  {
    name: 'entries of metadata that are no objects', reason: 'it ends with an error of its own program; we read the image as one without metadata', theyAnswer: false,
    text: '{ "image": "debian:12" }', label: '[{ "init": true }, null]', ours: { init: false },
  },
  {
    name: 'a tool that is called “constructor”', reason: 'it takes the name for one of its language', theyAnswer: false,
    text: '{ "image": "debian:12", "customizations": { "constructor": { "a": 1 } } }', ours: { customizations: { constructor: [{ a: 1 }] } },
  },
  {
    name: 'Features', reason: 'it fetches them from registries; Berth cannot use them, and says so', theyAnswer: true,
    text: '{ "image": "debian:12",\n "features": { "./local": {} } }', sentence: /adds Dev Container Features \(“features” in .*, line 2\), which Berth cannot do yet/,
  },
];
