import type { ExecOptions } from '../protocol/types.ts';
import type { ProcessStreams } from '../services/interfaces.ts';
import type { HostServices } from './hostServices.ts';

/** Starts a further process in a running container, as a session where one is asked for. */
export function startProcess({ containers, sessions }: HostServices, container: string, { session, ...process }: ExecOptions): Promise<ProcessStreams> {
  return session ? sessions.start(container, { ...process, session }) : containers.exec(container, process);
}
