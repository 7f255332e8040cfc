/** Where the runtime host tells its story: one line per event, with named values. Never secrets. */
export interface Logger {
  info(message: string, data?: LogData): void;
  warn(message: string, data?: LogData): void;
  error(message: string, error: unknown, data?: LogData): void;
}

export type LogData = Readonly<Record<string, unknown>>;

/** A logger that writes one line of text per event: time, level, message, then the data as JSON. */
export function createLogger(write: (line: string) => void): Logger {
  const log = (level: string, message: string, data?: LogData): void => {
    write(`${new Date().toISOString()} ${level} ${message}${data ? ` ${JSON.stringify(data)}` : ''}\n`);
  };
  return {
    info: (message, data) => log('info', message, data),
    warn: (message, data) => log('warn', message, data),
    error: (message, error, data) => log('error', `${message}: ${describe(error)}`, data),
  };
}

/** The error with its chain of causes; stacks only for what we did not foresee. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` (cause: ${describe(error.cause)})`;
  return `${error.name === 'BerthError' ? error.message : (error.stack ?? error.message)}${cause}`;
}

/** For tests and for callers that have no log. */
export const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} };
