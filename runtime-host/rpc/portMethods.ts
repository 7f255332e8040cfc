import * as methods from '../protocol/methods.ts';
import { ClientWatches } from './clientWatches.ts';
import { define, type Method } from './method.ts';
import { containerParams, portForward, portStopForward } from './schemas.ts';

const listenerWatches = new ClientWatches();

/** port/…: what leads into running containers, and who waits for connections there. */
export const portMethods: readonly Method[] = [
  define(methods.PortForwardRequest, portForward, ({ container, ...request }, { services }) => services.connections.forward(container, request)),

  define(methods.PortStopForwardRequest, portStopForward, async ({ container, hostPort, hostAddress }, { services }) => {
    await services.connections.stopForward(container, hostPort, hostAddress);
    return null;
  }),

  define(methods.ListenersWatchRequest, containerParams, async ({ container }, { services, client }) => {
    const watch = await services.connections.watchListeners(container, (id, listeners) => {
      if (!listeners) listenerWatches.ended(client, id);
      client.notify(methods.ListenersDidChange, { id, ...(listeners && { listeners }) });
    });
    listenerWatches.add(client, watch.id, watch);
    return [...watch.listeners];
  }),

  define(methods.ListenersUnwatchRequest, containerParams, async ({ container }, { services, client }) => {
    listenerWatches.stop(client, (await services.containers.inspect(container)).id);
    return null;
  }),
];
