import { isObject } from './jsonText.ts';

/** What a value may be: the part of JSON Schema that devcontainer.json needs. A value that is null counts as absent. */
export interface Shape {
  readonly type?: 'string' | 'boolean' | 'integer' | 'number' | 'array' | 'object';
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** A regular expression that a text matches. */
  readonly pattern?: string;
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  /** Of the properties that `properties` does not name. Absent: anything. */
  readonly additionalProperties?: Shape;
  readonly anyOf?: readonly Shape[];
  /** What the value means, for whoever writes the file. */
  readonly description?: string;
  /** What each of `enum` means. */
  readonly enumDescriptions?: readonly string[];
  readonly default?: unknown;
  /** What follows “must be” in a complaint, where the shape does not say it well enough. */
  readonly wanted?: string;
}

/** A value that does not fit its shape. */
export interface Misfit {
  /** Names and indexes, from the value that was checked. */
  readonly path: readonly (string | number)[];
  /** What follows “must be”. */
  readonly wanted: string;
}

/** The first misfit, where a value has one. */
export function misfitOf(value: unknown, shape: Shape, path: readonly (string | number)[] = []): Misfit | undefined {
  if (value === null || value === undefined) return undefined;
  if (shape.anyOf) return shape.anyOf.some((one) => misfitOf(value, one) === undefined) ? undefined : { path, wanted: wantedOf(shape) };
  if (!fits(value, shape)) return { path, wanted: wantedOf(shape) };
  if (Array.isArray(value)) {
    const { items } = shape;
    if (!items) return undefined;
    // A list of texts is one thing to whoever writes it.
    if (!items.anyOf && isPlain(items)) return value.every((item) => item !== null && misfitOf(item, items) === undefined) ? undefined : { path, wanted: wantedOf(shape) };
    return firstMisfit(value.map((item, index) => misfitOf(item, items, [...path, index])));
  }
  if (!isObject(value)) return undefined;
  return firstMisfit(Object.entries(value).map(([name, member]) => {
    const inner = shape.properties && Object.hasOwn(shape.properties, name) ? shape.properties[name] : shape.additionalProperties;
    return inner && misfitOf(member, inner, [...path, name]);
  }));
}

function firstMisfit(found: readonly (Misfit | undefined)[]): Misfit | undefined {
  return found.find((misfit) => misfit !== undefined);
}

function fits(value: unknown, { type, enum: choices, minimum = -Infinity, maximum = Infinity, pattern }: Shape): boolean {
  if (choices && !choices.includes(value as string)) return false;
  if (typeof value === 'number' && (value < minimum || value > maximum)) return false;
  if (typeof value === 'string' && pattern !== undefined && !new RegExp(pattern).test(value)) return false;
  switch (type) {
    case undefined: return true;
    case 'array': return Array.isArray(value);
    case 'object': return isObject(value);
    case 'integer': return Number.isInteger(value);
    default: return typeof value === type;
  }
}

/** Whether all that there is to say of a shape is its type. */
function isPlain({ type }: Shape): boolean {
  return type === 'string' || type === 'boolean' || type === 'integer' || type === 'number';
}

const names: Readonly<Record<NonNullable<Shape['type']>, readonly [one: string, many: string]>> = {
  string: ['a text', 'texts'], boolean: ['true or false', 'true and false'], integer: ['a whole number', 'whole numbers'], number: ['a number', 'numbers'],
  array: ['a list', 'lists'], object: ['an object', 'objects'],
};

function wantedOf({ wanted, enum: choices, type, items, additionalProperties, minimum }: Shape): string {
  if (wanted !== undefined) return wanted;
  if (choices) return `one of ${choices.join(', ')}`;
  if (type === undefined) return 'something else';
  const [one] = names[type];
  if (type === 'array' && items?.type && isPlain(items)) return `a list of ${names[items.type][1]}`;
  if (type === 'object' && additionalProperties?.type && isPlain(additionalProperties)) return `an object of ${names[additionalProperties.type][1]}`;
  return minimum === undefined ? one : `${one}, at least ${minimum}`;
}
