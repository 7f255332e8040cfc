import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '../../base/log.ts';
import { bridge } from './bridge.ts';
import type { GuestConnections } from './guestConnections.ts';

/** Where containers find the user's SSH agent; as with Docker Desktop. */
export const agentPath = '/run/host-services/ssh-auth.sock';
/** Whoever the container's processes run as: all of it is one machine, and the agent is meant for it. */
const agentMode = 0o666;

/**
 * Lets a container use the SSH agent of the host.
 * @param agent path of its socket, which need not be there: then connections end at once
 * @returns what removes the container's socket and ends its connections
 * @throws BerthError InvalidArgument, GuestFailed when there can be no socket
 */
export async function forwardAgent(container: string, agent: string, guest: GuestConnections, log: Logger): Promise<() => void> {
  const sockets = new Set<Socket>();
  const complain = (reason: unknown): void => log.warn('The SSH agent cannot be reached from a container', { container, agent, reason: String(reason) });
  const connected = (stream: Duplex): void => {
    const socket = connect({ path: agent, allowHalfOpen: true });
    sockets.add(socket);
    socket.once('error', complain).once('close', () => sockets.delete(socket));
    void bridge(socket, Promise.resolve(stream), complain);
  };
  const listener = await guest.listen({ path: agentPath, mode: agentMode }, connected, (error) => guestHasGone(error) || complain(error));
  return () => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  };
}

/** With its container, which is no news. */
function guestHasGone({ code }: { readonly code: string }): boolean {
  return code === 'GuestFailed' || code === 'ContainerNotRunning';
}
