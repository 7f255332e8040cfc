import type { LogPlace, PlacedEntry } from '../../store/outputLog.ts';

const newline = 0x0a;
/** A sequence that is longer is no sequence, and nothing waits for its end. */
const longestSequence = 4096;

/** Control sequences as a terminal reads them (ECMA-48, 5.4 and 5.6; ctlseqs of xterm): CSI, strings, other escapes; and the bell. */
const sequences = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|\x07/g;
/** One that the text ends in the middle of. */
const unfinished = /\x1b(?:\[[0-?]*[ -/]*|[\]P_^X][^\x07\x1b]*\x1b?|[ -/]*)$/;
/**
 * Those that make a terminal act once, and not look different: questions (DA, DSR, DECRQM, XTVERSION, DECREQTPARM, the
 * keyboard protocol's, windows', DECRQSS, XTGETTCAP, DECID, colours), the clipboard and the bell.
 */
const momentary = [
  /^\x1b\[[>=]?[0-9;]*c$/, /^\x1b\[\??[0-9;]*n$/, /^\x1b\[\??[0-9;]*\$p$/, /^\x1b\[>[0-9;]*q$/, /^\x1b\[[01]?x$/, /^\x1b\[\?u$/,
  /^\x1b\[(?:1[134589]|2[01])[0-9;]*t$/, /^\x1bP[$+]q/, /^\x1bZ$/, /^\x1b\](?:4|5|1[0-9]);[^]*\?/, /^\x1b\]52;/, /^\x07$/,
];

/**
 * What a terminal that joins late is given of what was printed before: from the beginning of a line on, so that it does not
 * begin inside a character or a control sequence, and without what asks a terminal something, whose answer the process
 * would take for typing. What was printed afterwards is given as it is.
 */
export class Replay {
  readonly #boundary: LogPlace | undefined;
  #cut: boolean | undefined;
  #held: Buffer = Buffer.alloc(0);

  /** @param boundary what lies behind it was printed later; absent: nothing was */
  constructor(boundary: LogPlace | undefined) {
    this.#boundary = boundary;
  }

  /** What to give for an entry. They come in order. */
  pass({ data, offset, end }: PlacedEntry): Buffer {
    if (this.#boundary && isBehind(end, this.#boundary)) return this.#concatenated(data);
    this.#cut ??= offset > 0;
    return this.#quiet(this.#cut ? this.#fromLine(data) : data);
  }

  #fromLine(data: Buffer): Buffer {
    const at = data.indexOf(newline);
    if (at < 0) return Buffer.alloc(0);
    this.#cut = false;
    return data.subarray(at + 1);
  }

  #quiet(data: Buffer): Buffer {
    // A character for each byte, so that what is no sequence comes out as it went in.
    const text = this.#concatenated(data).toString('latin1');
    const [open = ''] = unfinished.exec(text) ?? [];
    const whole = open.length > 0 && open.length <= longestSequence ? text.slice(0, -open.length) : text;
    this.#held = Buffer.from(text.slice(whole.length), 'latin1');
    return Buffer.from(whole.replace(sequences, (sequence) => (momentary.some((pattern) => pattern.test(sequence)) ? '' : sequence)), 'latin1');
  }

  #concatenated(data: Buffer): Buffer {
    if (this.#held.length === 0) return data;
    const all = Buffer.concat([this.#held, data]);
    this.#held = Buffer.alloc(0);
    return all;
  }
}

function isBehind(place: LogPlace, other: LogPlace): boolean {
  return place.segment > other.segment || (place.segment === other.segment && place.position > other.position);
}
