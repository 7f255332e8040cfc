/** A path in a line of text. */
export interface PathLink {
  /** Of the text that is the link. */
  readonly start: number;
  readonly length: number;
  /** As it was printed: absolute, or relative to wherever the program was. */
  readonly path: string;
  /** From 1 on. */
  readonly line?: number;
  readonly column?: number;
}

/** What follows a path and says where: `:3:5`, `(3,5)`, `", line 3`. */
const place = String.raw`(?::(?<line>\d+)(?::(?<column>\d+))?|\((?<line2>\d+)(?:,\s?(?<column2>\d+))?\)|["']?,? line (?<line3>\d+)(?:,? col(?:umn)? (?<column3>\d+))?)?`;
const patterns = [
  // In quotes, spaces too.
  new RegExp(String.raw`(?<quote>["'])(?<path>[^"'\x00-\x1f]*[/.][^"'\x00-\x1f]*)\k<quote>${place}`, 'g'),
  new RegExp(String.raw`(?<![\w/.:-])(?:file:\/\/)?(?<path>[^\s"'\`:()[\]{}<>|,;=*?!#&$]+)${place}`, 'g'),
];

/** All paths of a line that may be files: those with a slash or an ending, and others where a place follows. They do not overlap. */
export function pathLinks(text: string): PathLink[] {
  const found: PathLink[] = [];
  for (const pattern of patterns) {
    for (const match of text.matchAll(pattern)) {
      const link = linkOf(match);
      if (link && !found.some((other) => link.start < other.start + other.length && other.start < link.start + link.length)) found.push(link);
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

function linkOf({ 0: whole, index, groups = {} }: RegExpExecArray): PathLink | undefined {
  const { quote, line3 } = groups;
  const line = Number(groups['line'] ?? groups['line2'] ?? line3) || undefined;
  const column = Number(groups['column'] ?? groups['column2'] ?? groups['column3']) || undefined;
  const printed = groups['path'] ?? '';
  // The end of a sentence is not the path's.
  const path = line === undefined && !quote ? printed.replace(/\.+$/, '') : printed;
  if (!mayBeFile(path, line !== undefined)) return undefined;
  const cut = printed.length - path.length;
  const quoted = quote !== undefined && line === undefined ? 1 : 0;
  // Python's: the link begins behind the quotation mark and ends with the line's number.
  const behind = quote !== undefined && line3 !== undefined ? 1 : quoted;
  return { start: index + behind, length: whole.length - behind - quoted - cut, path, ...(line !== undefined && { line }), ...(column !== undefined && { column }) };
}

function mayBeFile(path: string, hasPlace: boolean): boolean {
  if (!/[\p{L}\p{N}_]/u.test(path) || /^[\d.:+-]+$/.test(path) || path.startsWith('-') || path.includes('://')) return false;
  return hasPlace || path.includes('/') || /[^.]\.[\p{L}][\p{L}\p{N}]*$/u.test(path);
}
