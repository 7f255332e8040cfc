/** One event of the runtime host's log. */
export interface HostLogEvent {
  /** RFC 3339. */
  readonly time: string;
  readonly level: string;
  /** With the lines that follow it, as a stack's. */
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

const firstLine = /^(?<time>\d{4}-\d\d-\d\dT[\d:.]+Z) (?<level>info|warn|error) (?<rest>.*)$/;

/** The events in a piece of the log (base/log.ts writes it); lines before the first whole event are dropped. */
export function parseHostLog(text: string): HostLogEvent[] {
  const blocks: string[][] = [];
  for (const line of text.split('\n')) {
    if (firstLine.test(line)) blocks.push([line]);
    else if (line !== '') blocks.at(-1)?.push(line);
  }
  return blocks.map(parseBlock);
}

/** Divides a piece of the log that ends with a whole line before its last event. */
export function splitLastEvent(text: string): { readonly whole: string; readonly last: string } {
  const lines = text.split('\n');
  const begin = lines.findLastIndex((line) => firstLine.test(line));
  if (begin < 0) return { whole: text, last: '' };
  return { whole: lines.slice(0, begin).map((line) => `${line}\n`).join(''), last: lines.slice(begin).join('\n') };
}

function parseBlock(lines: readonly string[]): HostLogEvent {
  const { time = '', level = '', rest = '' } = firstLine.exec(lines[0] ?? '')?.groups ?? {};
  // The data stand at the end of the last line, after a stack if there is one.
  const whole = [rest, ...lines.slice(1)].join('\n');
  for (let at = whole.lastIndexOf(' {"'); at >= 0; at = whole.lastIndexOf(' {"', at - 1)) {
    const data = parseObject(whole.slice(at + 1));
    if (data) return { time, level, message: whole.slice(0, at), data };
    if (at === 0) break;
  }
  return { time, level, message: whole };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined; // Braces of the message, or the inner ones of nested data.
  }
}

/** One event as people read it: local time, level unless it is `info`, message, then the data as `name=value`. */
export function formatHostLogEvent({ time, level, message, data }: HostLogEvent): string {
  const values = Object.entries(data ?? {}).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value)}`);
  const moment = new Date(time);
  const local = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
  return [local, ...(level === 'info' ? [] : [level.toUpperCase()]), message, ...values].join('  ');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
