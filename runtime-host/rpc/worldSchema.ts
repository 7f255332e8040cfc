import { arrayOf, flag, integer, object, optional, text } from './validate.ts';

/* The shapes of protocol/worldOptions.ts; see schemas.ts. */

const word = text({ maxLength: 256 });
const words = arrayOf(word, { max: 256 });
const limit = integer(-1);

/** Members of a container's specification. */
export const worldMembers = {
  capAdd: optional(words),
  capDrop: optional(words),
  privileged: optional(flag),
  noNewPrivileges: optional(flag),
  unfiltered: optional(flag),
  unmasked: optional(flag),
  ulimits: optional(arrayOf(object({ name: word, soft: limit, hard: limit }), { max: 64 })),
  init: optional(flag),
  additionalGroups: optional(words),
  hostname: optional(text({ maxLength: 64 })),
  readOnlyRoot: optional(flag),
  tmpfs: optional(arrayOf(object({ target: text({ maxLength: 4096 }), options: optional(text({ maxLength: 4096, allowEmpty: true })) }), { max: 64 })),
  sharedMemoryBytes: optional(integer(1)),
  pidsLimit: optional(integer(1)),
};
