import { BerthError } from '../../protocol/errors.ts';

export const sigkill = 9;

/** Linux's numbers, which are the guest's; the host's may differ. */
const numbers: Readonly<Record<string, number>> = {
  HUP: 1, INT: 2, QUIT: 3, ILL: 4, TRAP: 5, ABRT: 6, BUS: 7, FPE: 8, KILL: 9, USR1: 10, SEGV: 11, USR2: 12, PIPE: 13, ALRM: 14, TERM: 15,
  STKFLT: 16, CHLD: 17, CONT: 18, STOP: 19, TSTP: 20, TTIN: 21, TTOU: 22, URG: 23, XCPU: 24, XFSZ: 25, VTALRM: 26, PROF: 27, WINCH: 28,
  IO: 29, POLL: 29, PWR: 30, SYS: 31,
};
const realTimeMinimum = 34;
const maximum = 64;

/**
 * The number of a signal written as `SIGTERM`, `TERM`, `15` or `SIGRTMIN+3`, in upper or lower case.
 * @throws BerthError InvalidArgument
 */
export function signalNumber(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  const number = /^\d+$/.test(name) ? Number(name) : realTime ? realTimeNumber(realTime) : numbers[name];
  if (number !== undefined && number >= 1 && number <= maximum) return number;
  throw new BerthError('InvalidArgument', `“${text}” is no signal. Use a name like SIGTERM, or a number from 1 to ${maximum}.`);
}

function realTimeNumber([, base, sign, distance]: RegExpExecArray): number {
  const start = base === 'MIN' ? realTimeMinimum : maximum;
  return start + (sign === '-' ? -1 : 1) * Number(distance ?? 0);
}
