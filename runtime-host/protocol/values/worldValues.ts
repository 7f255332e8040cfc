import type { Tmpfs, Ulimit, WorldOptions } from '../worldOptions.ts';
import { InvalidValue } from './invalidValue.ts';

/* What users write about rights and surroundings. Whether a capability or a limit exists is for the host to say. */

export type SecurityOption = Pick<WorldOptions, 'noNewPrivileges' | 'unfiltered' | 'unmasked'>;

/** `no-new-privileges[=true|false]`, `seccomp=unconfined|builtin`, `systempaths=unconfined`; also with a colon, as of old. */
export function parseSecurityOption(text: string): SecurityOption {
  const [, name = '', value] = /^([^=:]*)(?:[=:](.*))?$/.exec(text) ?? [];
  if (name === 'no-new-privileges' && (value === undefined || value === 'true' || value === 'false')) return { noNewPrivileges: value !== 'false' };
  if (name === 'seccomp' && (value === 'unconfined' || value === 'builtin')) return { unfiltered: value === 'unconfined' };
  if (name === 'seccomp') throw new InvalidValue('A profile of your own is not possible; write seccomp=unconfined or seccomp=builtin.');
  if (name === 'systempaths' && value === 'unconfined') return { unmasked: true };
  // The guest has neither AppArmor nor SELinux that could confine anything.
  if ((name === 'apparmor' && value === 'unconfined') || (name === 'label' && value === 'disable')) return {};
  throw new InvalidValue('Write no-new-privileges, seccomp=unconfined or systempaths=unconfined.');
}

/** `NAME=SOFT[:HARD]`; -1 for no limit. The hard limit is the soft one when it is not given. */
export function parseUlimit(text: string): Ulimit {
  const match = /^([a-z]+)=(-1|\d{1,15})(?::(-1|\d{1,15}))?$/.exec(text);
  if (!match) throw new InvalidValue('Write NAME=SOFT or NAME=SOFT:HARD, such as nofile=1024:4096.');
  const [, name = '', soft, hard = soft] = match;
  return { name, soft: Number(soft), hard: Number(hard) };
}

/** `TARGET[:OPTION,…]` */
export function parseTmpfs(text: string): Tmpfs {
  const colon = text.indexOf(':');
  const target = colon < 0 ? text : text.slice(0, colon);
  if (!target.startsWith('/')) throw new InvalidValue('Write TARGET or TARGET:OPTIONS, where TARGET is an absolute path in the container.');
  return { target, ...(colon >= 0 && colon < text.length - 1 && { options: text.slice(colon + 1) }) };
}

/** 0 and -1 mean that there is no limit. */
export function parsePidsLimit(text: string): number {
  if (/^(-1|\d{1,9})$/.test(text)) return Math.max(0, Number(text));
  throw new InvalidValue('Write a whole number, or -1 for no limit.');
}

/** A number that a user or a group can have. */
export function parseId(text: string): string {
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1) return String(Number(text));
  throw new InvalidValue('Write a number.');
}
