import { randomBytes, randomInt } from 'node:crypto';
import { BerthError } from '../protocol/errors.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}

/** 64 random hexadecimal digits. */
export function newContainerId(): string {
  return randomBytes(32).toString('hex');
}

/**
 * Names begin with a letter or digit and go on with letters, digits, `_`, `.` and `-`, as other engines have it.
 * A name of 64 hexadecimal digits could be taken for an id.
 * @throws BerthError InvalidArgument, ContainerNameInUse
 */
export function checkName(name: string, existing: Iterable<Named>): void {
  if (!/^[a-zA-Z0-9][\w.-]{0,127}$/.test(name) || /^[0-9a-f]{64}$/.test(name)) {
    throw new BerthError('InvalidArgument', `“${name}” cannot be a container’s name. Use letters, digits, “_”, “.” and “-”, beginning with a letter or digit.`);
  }
  for (const container of existing) {
    if (container.name === name) {
      throw new BerthError('ContainerNameInUse', `The name “${name}” is taken by another container. Remove that one, or choose another name.`, { data: { name, id: container.id } });
    }
  }
}

/** A name that is easy to say and not taken. */
export function friendlyName(existing: Iterable<Named>): string {
  const taken = new Set(Array.from(existing, ({ name }) => name));
  for (;;) {
    const name = `${pick(qualities)}-${pick(vessels)}`;
    const candidate = taken.has(name) ? `${name}-${randomInt(1000)}` : name;
    if (!taken.has(candidate)) return candidate;
  }
}

/**
 * Finds a container by its id, its name, or the beginning of its id, in this order.
 * @throws BerthError ContainerNotFound; InvalidArgument when several ids begin so.
 */
export function findByQuery<Container extends Named>(query: string, containers: Iterable<Container>): Container {
  const all = [...containers];
  const exact = all.find(({ id }) => id === query) ?? all.find(({ name }) => name === query);
  if (exact) return exact;
  const matches = /^[0-9a-f]+$/.test(query) ? all.filter(({ id }) => id.startsWith(query)) : [];
  if (matches.length > 1) {
    throw new BerthError('InvalidArgument', `Several containers have an id that begins with “${query}”. Write more of it.`);
  }
  if (!matches[0]) {
    throw new BerthError('ContainerNotFound', `There is no container “${query}”. “container ls -a” lists those that exist.`, { data: { container: query } });
  }
  return matches[0];
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? '';
}

const qualities = [
  'able', 'amber', 'bold', 'brave', 'breezy', 'bright', 'brisk', 'calm', 'clear', 'coastal', 'copper', 'crisp', 'daring', 'eager', 'early',
  'fair', 'gentle', 'golden', 'happy', 'hardy', 'honest', 'jolly', 'keen', 'kind', 'lively', 'lucky', 'mellow', 'nimble', 'patient', 'polite',
  'proud', 'quick', 'quiet', 'ready', 'rosy', 'silver', 'steady', 'sunny', 'swift', 'tidy', 'trusty', 'warm', 'wise', 'witty',
];
const vessels = [
  'barge', 'bark', 'brig', 'canoe', 'caravel', 'catboat', 'clipper', 'cog', 'coracle', 'cutter', 'dhow', 'dinghy', 'dory', 'felucca', 'ferry',
  'frigate', 'galleon', 'gig', 'hoy', 'jolly', 'junk', 'kayak', 'ketch', 'launch', 'lighter', 'lugger', 'packet', 'pinnace', 'pram', 'punt',
  'sampan', 'schooner', 'scow', 'shallop', 'skiff', 'sloop', 'smack', 'tender', 'trawler', 'tug', 'wherry', 'yacht', 'yawl', 'xebec',
];
