import { bytesOf } from './hostRequirements.ts';
import { isObject } from './jsonText.ts';

/** Of each requirement the greatest; undefined when nothing is required. Sizes come out as bytes. What cannot be meant requires nothing. */
export function mergeHostRequirements(all: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> | undefined {
  const most = (name: string, numberOf: (value: unknown) => number | undefined): number => Math.max(0, ...all.map((one) => numberOf(one[name]) ?? 0));
  const cpus = most('cpus', (value) => (typeof value === 'number' ? value : undefined));
  const [memory, storage] = [most('memory', bytesOf), most('storage', bytesOf)];
  const gpu = all.map((one) => one['gpu']).reduce(strongerGpu, undefined);
  if (cpus === 0 && memory === 0 && storage === 0 && !gpu) return undefined;
  return { cpus, ...(memory > 0 && { memory: String(memory) }), ...(storage > 0 && { storage: String(storage) }), ...(gpu ? { gpu } : {}) };
}

/** None, then `optional`, then any, then one with so many cores and so much memory. */
function strongerGpu(one: unknown, other: unknown): unknown {
  if (!one || !other) return one || other || undefined;
  if (one === 'optional') return other;
  if (other === 'optional') return one;
  const [a, b] = [one, other].map((gpu) => (isObject(gpu) ? gpu : {}));
  const cores = Math.max(...[a, b].map((gpu) => (typeof gpu?.['cores'] === 'number' ? gpu['cores'] : 0)));
  const memory = Math.max(...[a, b].map((gpu) => bytesOf(gpu?.['memory']) ?? 0));
  if (cores === 0 && memory === 0) return true;
  return { ...(cores > 0 && { cores }), ...(memory > 0 && { memory: String(memory) }) };
}
