/** Tags in the order in which people want them: `latest`, then higher versions first, then other words. */
export function orderTags(tags: readonly string[]): string[] {
  return [...tags].sort((one, other) => rank(one) - rank(other) || compare(one, other));
}

function rank(tag: string): number {
  if (tag === 'latest') return 0;
  if (/^v?\d+(\.\d+)*$/.test(tag)) return 1;
  if (/^v?\d/.test(tag)) return 2;
  return 3;
}

function compare(one: string, other: string): number {
  if (rank(one) === 3) return one < other ? -1 : 1;
  return other.localeCompare(one, 'en', { numeric: true });
}

/** Those of the tags that are most like another word, the likest first. */
export function similarTags(wanted: string, tags: readonly string[], count: number): string[] {
  return tags
    .map((tag) => ({ tag, distance: editDistance(wanted, tag) }))
    .filter(({ distance }) => distance <= Math.max(2, wanted.length / 2))
    .sort((one, other) => one.distance - other.distance)
    .slice(0, count)
    .map(({ tag }) => tag);
}

/** How many letters have to be put in, taken away or changed (Levenshtein). */
export function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const change = one[row - 1] === other[column - 1] ? 0 : 1;
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (previous[column - 1] ?? 0) + change));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
