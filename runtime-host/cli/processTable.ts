import type { ContainerProcess } from '../protocol/statistics.ts';
import { Exit, ExitStatus } from './cliError.ts';
import { formatTable } from './output.ts';

/*
 * The columns of ps(1) that `container top` knows. The processes come from the guest's kernel, not from a `ps` in the
 * image, and always all of them.
 */

export interface Column {
  readonly header: string;
  readonly show: (process: ContainerProcess, context: PsContext) => string;
}

export interface PsContext {
  /** Of the virtual machine. */
  readonly memoryBytes: number;
  readonly now: number;
}

const day = 86_400_000;
const kibibyte = 1024;

const columns: Readonly<Record<string, Column>> = {
  pid: { header: 'PID', show: ({ pid }) => String(pid) },
  ppid: { header: 'PPID', show: ({ parentPid }) => String(parentPid) },
  pgid: { header: 'PGID', show: ({ processGroup }) => String(processGroup) },
  sid: { header: 'SID', show: ({ session }) => String(session) },
  uid: { header: 'UID', show: ({ uid }) => String(uid) },
  gid: { header: 'GID', show: ({ gid }) => String(gid) },
  user: { header: 'USER', show: ({ user, uid }) => user ?? String(uid) },
  group: { header: 'GROUP', show: ({ group, gid }) => group ?? String(gid) },
  c: { header: 'C', show: (process, { now }) => String(Math.floor(cpuPercent(process, now))) },
  pcpu: { header: '%CPU', show: (process, { now }) => cpuPercent(process, now).toFixed(1) },
  pmem: { header: '%MEM', show: ({ residentBytes }, { memoryBytes }) => ((residentBytes / memoryBytes) * 100).toFixed(1) },
  vsz: { header: 'VSZ', show: ({ virtualBytes }) => String(Math.round(virtualBytes / kibibyte)) },
  rss: { header: 'RSS', show: ({ residentBytes }) => String(Math.round(residentBytes / kibibyte)) },
  tty: { header: 'TTY', show: ({ terminal }) => terminal ?? '?' },
  s: { header: 'S', show: ({ state }) => state },
  stat: { header: 'STAT', show: stateWithMarks },
  nlwp: { header: 'NLWP', show: ({ threads }) => String(threads) },
  ni: { header: 'NI', show: ({ nice }) => String(nice) },
  stime: { header: 'STIME', show: ({ startedAt }, { now }) => startTime(startedAt, now) },
  lstart: { header: 'STARTED', show: ({ startedAt }) => new Date(startedAt).toString().slice(0, 24) },
  etime: { header: 'ELAPSED', show: ({ startedAt }, { now }) => elapsed((now - Date.parse(startedAt)) / 1000) },
  time: { header: 'TIME', show: ({ cpuMilliseconds }) => clock(cpuMilliseconds / 1000) },
  comm: { header: 'COMMAND', show: ({ name, state }) => `${name}${state === 'Z' ? ' <defunct>' : ''}` },
  args: { header: 'COMMAND', show: commandLine },
};

const synonyms: Readonly<Record<string, string>> = {
  cmd: 'args', command: 'args', ucmd: 'comm', state: 's', tname: 'tty', tt: 'tty', start: 'stime', start_time: 'stime', cputime: 'time', sess: 'sid',
  session: 'sid', pgrp: 'pgid', euid: 'uid', euser: 'user', uname: 'user', egid: 'gid', egroup: 'group', nice: 'ni', thcount: 'nlwp', vsize: 'vsz', rssize: 'rss',
  '%cpu': 'pcpu', '%mem': 'pmem',
};

const full = [{ ...named('user'), header: 'UID' }, named('pid'), named('ppid'), named('c'), named('stime'), named('tty'), named('time'), { ...named('args'), header: 'CMD' }];
const short = [named('pid'), named('tty'), named('time'), { ...named('comm'), header: 'CMD' }];
const minutes: Column = { header: 'TIME', show: ({ cpuMilliseconds }) => minutesAndSeconds(cpuMilliseconds / 1000) };
const users = [...['user', 'pid', 'pcpu', 'pmem', 'vsz', 'rss', 'tty', 'stat'].map(named), { ...named('stime'), header: 'START' }, minutes, named('args')];
const plain = [named('pid'), named('tty'), named('stat'), minutes, named('args')];

/**
 * The columns that options of ps(1) ask for; without any those of `ps -ef`.
 * @throws Exit for options that say something else than how to show all processes
 */
export function parsePsOptions(words: readonly string[]): readonly Column[] {
  let layout: readonly Column[] = full;
  const own: Column[] = [];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    // Letters that can stand together, and at last `o` with a list, which may be the next word.
    const [, dash, letters = '', list, rest] = /^(-?)([AaefxuwW]*)(o?)(.*)$/s.exec(word) ?? [];
    if ((!letters && !list) || (rest && !list)) throw unknown(word);
    if (list) own.push(...(rest || left.shift() || '').split(/[, ]+/).map(headed));
    // The letters that say which processes change nothing: here it is all of them.
    else if (letters.includes('u')) layout = users;
    else layout = !dash ? plain : letters.includes('f') ? full : short;
  }
  return own.length > 0 ? own : layout;
}

/** `pid`, or `pid=Number` for another header. */
function headed(text: string): Column {
  const equals = text.indexOf('=');
  const column = named((equals < 0 ? text : text.slice(0, equals)).toLowerCase());
  return equals < 0 ? column : { ...column, header: text.slice(equals + 1) };
}

function named(name: string): Column {
  const column = columns[synonyms[name] ?? name];
  if (!column) throw unknown(name, `The columns are ${Object.keys(columns).join(', ')}.`);
  return column;
}

function unknown(word: string, advice = 'Use -ef, aux, -e or -o with columns.'): Exit {
  return new Exit(ExitStatus.failure, `“container top” does not know “${word}” of ps. ${advice}`);
}

export function processTable(processes: readonly ContainerProcess[], shown: readonly Column[], context: PsContext): string {
  return formatTable(shown.map(({ header }) => header), processes.map((process) => shown.map(({ show }) => show(process, context))));
}

function cpuPercent({ cpuMilliseconds, startedAt }: ContainerProcess, now: number): number {
  return (cpuMilliseconds / Math.max(1, now - Date.parse(startedAt))) * 100;
}

function commandLine({ command, name, state }: ContainerProcess): string {
  // A line break would break the table.
  if (command.length > 0) return command.join(' ').replaceAll(/[\n\r\t]/g, ' ');
  return `[${name}]${state === 'Z' ? ' <defunct>' : ''}`;
}

function stateWithMarks({ state, nice, pid, session, threads }: ContainerProcess): string {
  return `${state}${nice < 0 ? '<' : nice > 0 ? 'N' : ''}${pid === session ? 's' : ''}${threads > 1 ? 'l' : ''}`;
}

/** The hour, or from a day on the date, by the clock of whoever looks. */
function startTime(startedAt: string, now: number): string {
  const time = new Date(startedAt);
  if (now - time.getTime() < day) return `${two(time.getHours())}:${two(time.getMinutes())}`;
  return `${time.toLocaleString('en', { month: 'short' })}${two(time.getDate())}`;
}

/** `[days-]hours:minutes:seconds` */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  return `${days > 0 ? `${days}-` : ''}${two(Math.floor(whole / 3600) % 24)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** The same without hours while there are none. */
function elapsed(seconds: number): string {
  return clock(seconds).replace(/^00:/, '');
}

function minutesAndSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${two(Math.floor(seconds) % 60)}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
