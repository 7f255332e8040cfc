import { InvalidArgumentError } from 'commander';

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * A moment as docker takes it: RFC 3339 (or a date), seconds since 1970, or how long ago (`90s`, `10m`, `1h30m`).
 * @returns milliseconds since 1970; of earlier moments 0, which for what we keep is the same
 */
export function parseMoment(text: string, now = Date.now()): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const ago = secondsOf(text);
  if (ago !== undefined) return Math.max(0, now - ago * 1000);
  const moment = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(moment)) throw new InvalidArgumentError('Write a time such as 2026-01-31T12:00:00Z, or how long ago, such as 10m or 1h30m.');
  return Math.max(0, moment);
}

/** How long: `500ms`, `90s`, `10m`, `1h30m`. @returns seconds */
export function parseSeconds(text: string): number {
  const seconds = secondsOf(text);
  if (seconds === undefined) throw new InvalidArgumentError('Write a time with its unit, such as 500ms, 30s or 1m30s.');
  return seconds;
}

function secondsOf(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) return undefined;
  return [...text.matchAll(/([\d.]+)(ms|[smhd])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? ''] ?? 0), 0);
}
