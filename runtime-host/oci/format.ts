/** A time in milliseconds as people say it: `0.5 seconds`, `30 seconds`. */
export function formatSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return `${Number(seconds.toFixed(1))} second${seconds === 1 ? '' : 's'}`;
}

/** A number of bytes in decimal megabytes, as registries and `docker pull` show it: `12.3`. */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
