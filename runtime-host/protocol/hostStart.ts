/*
 * A starting runtime host tells on its standard output how it went, in one line, once:
 *
 *   ready            a host answers on the socket: this process, or another one that was there first
 *   error {payload}  it cannot run; the payload is an ErrorPayload (errors.ts) in JSON
 *
 * After that line nothing is ever written there, so the starter may close its end.
 */
export const readyLine = 'ready';
export const errorLinePrefix = 'error ';
