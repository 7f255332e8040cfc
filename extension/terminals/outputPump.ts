import type { Readable } from 'node:stream';

/** VS Code takes text from an extension's terminal without ever saying "slower", so we bound the rate ourselves. */
const windowMilliseconds = 50;
const bytesPerWindow = 512 * 1024;

export interface PumpOptions {
  /** Output of a process without a terminal ends its lines with LF alone; a terminal needs CR LF. */
  readonly addCarriageReturns?: boolean;
}

/**
 * Writes everything that a stream brings, as text, until it ends. Reads no faster than about 10 MB/s, which a
 * terminal can draw: the stream's own back-pressure then slows the process down.
 */
export async function pump(source: Readable, write: (text: string) => void, options: PumpOptions = {}): Promise<void> {
  const decoder = new TextDecoder();
  let windowStart = Date.now();
  let written = 0;
  for await (const chunk of source as AsyncIterable<Uint8Array>) {
    const text = decoder.decode(chunk, { stream: true });
    write(options.addCarriageReturns ? text.replace(/\r?\n/g, '\r\n') : text);
    written += chunk.length;
    const elapsed = Date.now() - windowStart;
    if (elapsed >= windowMilliseconds) {
      windowStart = Date.now();
      written = 0;
    } else if (written >= bytesPerWindow) {
      await new Promise((resolve) => setTimeout(resolve, windowMilliseconds - elapsed));
      windowStart = Date.now();
      written = 0;
    }
  }
  const rest = decoder.decode();
  if (rest) write(rest);
}
