const units = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;

/** A number of bytes for people: `1.5 GB`, in powers of 1024 and at most one decimal. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const rounded = unit === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
  return `${rounded} ${units[unit]}`;
}

/** A name for a container made from a folder's name: lower case letters, digits, `.`, `_` and `-`. */
export function containerName(folder: string, taken: ReadonlySet<string>): string {
  const cleaned = folder.toLowerCase().replace(/[^a-z0-9_.-]+/g, '-').replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '').slice(0, 50);
  const base = cleaned || 'workspace';
  if (!taken.has(base)) return base;
  for (let number = 2; ; number += 1) {
    if (!taken.has(`${base}-${number}`)) return `${base}-${number}`;
  }
}

/**
 * Checks what a user types as an image reference; the host has the last word.
 * @returns a sentence, or undefined when it may be one
 */
export function referenceProblem(text: string): string | undefined {
  const reference = text.trim();
  if (reference === '') return 'Type the name of an image, such as debian:12.';
  if (/\s/.test(reference)) return 'The name of an image has no spaces.';
  if (/^https?:\/\//i.test(reference)) return 'Leave out http:// or https://.';
  if (/[A-Z]/.test(reference.replace(/^[^/]*[.:][^/]*\//, '').split(/[:@]/)[0] ?? '')) return 'The name of an image has lower case letters only.';
  if (!/^[\w.\-/:@[\]]+$/.test(reference) || /^[:@/.-]|[:@/]$|\/\//.test(reference)) return `“${reference}” is not the name of an image.`;
  return undefined;
}

/** The last part of a long reference: `registry.example/team/app:1` is `app:1`. */
export function shortImage(reference: string): string {
  const [withoutDigest = reference] = reference.split('@');
  return withoutDigest.slice(withoutDigest.lastIndexOf('/') + 1);
}

const spans = [['year', 31_536_000], ['month', 2_592_000], ['week', 604_800], ['day', 86_400], ['hour', 3600], ['minute', 60]] as const;

/** How long ago an RFC 3339 time was: “3 days ago”, “just now”. */
export function formatAge(time: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  for (const [unit, length] of spans) {
    const count = Math.floor(seconds / length);
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}
