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
