import * as methods from '../protocol/methods.ts';
import type { ListenerWatch } from '../services/connections/connectionService.ts';
import { define, type Method, type RequestingClient } from './method.ts';
import { containerParams, portForward, portStopForward } from './schemas.ts';

/** What each client watches, by the container's id. */
const watched = new WeakMap<RequestingClient, Map<string, ListenerWatch>>();

/** port/…: what leads into running containers, and who waits for connections there. */
export const portMethods: readonly Method[] = [
  define(methods.PortForwardRequest, portForward, ({ container, ...request }, { services }) => services.connections.forward(container, request)),

  define(methods.PortStopForwardRequest, portStopForward, async ({ container, hostPort, hostAddress }, { services }) => {
    await services.connections.stopForward(container, hostPort, hostAddress);
    return null;
  }),

  define(methods.ListenersWatchRequest, containerParams, async ({ container }, { services, client }) => {
    const watches = watchesOf(client);
    const watch = await services.connections.watchListeners(container, (id, listeners) => {
      if (!listeners) watches.delete(id);
      client.notify(methods.ListenersDidChange, { id, ...(listeners && { listeners }) });
    });
    watches.get(watch.id)?.stop();
    if (client.gone.aborted) watch.stop();
    else watches.set(watch.id, watch);
    return [...watch.listeners];
  }),

  define(methods.ListenersUnwatchRequest, containerParams, async ({ container }, { services, client }) => {
    const { id } = await services.containers.inspect(container);
    const watches = watchesOf(client);
    watches.get(id)?.stop();
    watches.delete(id);
    return null;
  }),
];

function watchesOf(client: RequestingClient): Map<string, ListenerWatch> {
  const existing = watched.get(client);
  if (existing) return existing;
  const watches = new Map<string, ListenerWatch>();
  watched.set(client, watches);
  client.gone.addEventListener('abort', () => {
    for (const watch of watches.values()) watch.stop();
    watches.clear();
  }, { once: true });
  return watches;
}
