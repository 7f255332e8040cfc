/** Text for tables and lists. */

/** Columns as wide as their longest cell, three spaces apart, the last one ragged. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) => `${line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + 3))).join('')}\n`).join('');
}

export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const units: readonly (readonly [string, number])[] = [
  ['year', 31_536_000], ['month', 2_592_000], ['week', 604_800], ['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1],
];

/** `5 minutes`, from a number of seconds. */
export function formatDuration(seconds: number): string {
  for (const [name, length] of units) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return 'less than a second';
}

/** `5 minutes`, since an RFC 3339 time. */
export function formatSince(time: string, now = Date.now()): string {
  return formatDuration(Math.max(0, (now - Date.parse(time)) / 1000));
}

/** Decimal units, as docker shows sizes. */
export function formatSize(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (value < 1000) return `${unit === 'B' ? value : Number(value.toPrecision(3))}${unit}`;
    value /= 1000;
  }
  return `${Number(value.toPrecision(3))}TB`;
}

/** Binary units, as docker shows memory. */
export function formatBinarySize(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1024) return `${Number(value.toPrecision(4))}${unit}`;
    value /= 1024;
  }
  return `${Number(value.toPrecision(4))}TiB`;
}

/** Cuts a text that is too long for a column. */
export function ellipsize(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
