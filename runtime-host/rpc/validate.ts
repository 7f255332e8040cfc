import { BerthError } from '../protocol/errors.ts';

/** Checks a value from the wire and returns it typed. `field` names it in the error. */
export type Check<T> = (value: unknown, field: string) => T;

/** The type that a check returns. */
export type Checked<C> = C extends Check<infer T> ? T : never;

/** @throws BerthError InvalidArgument that names the field. */
export function invalid(field: string, expectation: string): never {
  throw new BerthError('InvalidArgument', `The parameter “${field}” must be ${expectation}.`, { data: { field } });
}

const maxTextLength = 128 * 1024;

interface TextRules {
  readonly pattern?: RegExp;
  /** What the pattern stands for, in the error: "must be …". */
  readonly expectation?: string;
  readonly maxLength?: number;
  readonly allowEmpty?: boolean;
}

/** A string without NUL characters, which no program argument, path or variable can hold. */
export function text(rules: TextRules = {}): Check<string> {
  const maxLength = rules.maxLength ?? maxTextLength;
  return (value, field) => {
    if (typeof value !== 'string') return invalid(field, 'a string');
    if (value === '' && !rules.allowEmpty) return invalid(field, 'a string that is not empty');
    if (value.length > maxLength) return invalid(field, `at most ${maxLength} characters long`);
    if (value.includes('\0')) return invalid(field, 'a string without NUL characters');
    if (rules.pattern && !rules.pattern.test(value)) return invalid(field, rules.expectation ?? `of the form ${rules.pattern.source}`);
    return value;
  };
}

export const flag: Check<boolean> = (value, field) => (typeof value === 'boolean' ? value : invalid(field, 'true or false'));

/** One of a few words. */
export function oneOf<Word extends string>(words: readonly Word[]): Check<Word> {
  return (value, field) => words.find((word) => word === value) ?? invalid(field, `one of ${words.join(', ')}`);
}

/** A whole number within the bounds, both included. */
export function integer(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value, field) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value;
    const range = maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
    return invalid(field, `a whole number ${range}`);
  };
}

/** A number within the bounds, both included. */
export function number(minimum: number, maximum: number): Check<number> {
  return (value, field) => (typeof value === 'number' && value >= minimum && value <= maximum ? value : invalid(field, `a number from ${minimum} to ${maximum}`));
}

export function arrayOf<T>(check: Check<T>, bounds: { readonly min?: number; readonly max?: number } = {}): Check<readonly T[]> {
  const { min = 0, max = 10_000 } = bounds;
  return (value, field) => {
    if (!Array.isArray(value)) return invalid(field, 'a list');
    if (value.length < min) return invalid(field, `a list of at least ${min}`);
    if (value.length > max) return invalid(field, `a list of at most ${max}`);
    return value.map((entry, index) => check(entry, `${field}[${index}]`));
  };
}

/** An object whose keys are free; own properties only. */
export function recordOf<T>(check: Check<T>, maxEntries = 1000): Check<Readonly<Record<string, T>>> {
  return (value, field) => {
    const entries = Object.entries(asObject(value, field));
    if (entries.length > maxEntries) return invalid(field, `an object of at most ${maxEntries} entries`);
    return Object.fromEntries(entries.map(([key, entry]) => [key, check(entry, `${field}.${key}`)]));
  };
}

/** Absent and null both count as absent. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, field) => (value === undefined || value === null ? undefined : check(value, field));
}

type Shape = Readonly<Record<string, Check<unknown>>>;
type OptionalKeys<S extends Shape> = { [K in keyof S]: undefined extends Checked<S[K]> ? K : never }[keyof S];
type ObjectOf<S extends Shape> = { readonly [K in Exclude<keyof S, OptionalKeys<S>>]: Checked<S[K]> }
  & { readonly [K in OptionalKeys<S>]?: Exclude<Checked<S[K]>, undefined> };

/** An object with these members. Further members are dropped, so that newer clients may say more than we know. */
export function object<S extends Shape>(shape: S): Check<ObjectOf<S>> {
  return (value, field) => {
    const source = asObject(value, field);
    const result: Record<string, unknown> = {};
    for (const [key, check] of Object.entries(shape)) {
      const member = Object.hasOwn(source, key) ? source[key] : undefined;
      const checked = check(member, field === '' ? key : `${field}.${key}`);
      if (checked !== undefined) result[key] = checked;
    }
    return result as ObjectOf<S>;
  };
}

function asObject(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  return invalid(field === '' ? 'params' : field, 'an object');
}

/** A work-done token, as LSP has it. */
export const progressToken: Check<string | number> = (value, field) =>
  typeof value === 'string' || typeof value === 'number' ? value : invalid(field, 'a string or a number');
