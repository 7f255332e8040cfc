import * as methods from '../protocol/methods.ts';
import { define, type Method, type RequestingClient } from './method.ts';
import { containerParams, containerUse } from './schemas.ts';

/** Clients whose end is waited for. */
const followed = new WeakSet<RequestingClient>();

/** container/use and container/release: who works with a container, and what becomes of it when nobody does. */
export const useMethods: readonly Method[] = [
  define(methods.ContainerUseRequest, containerUse, async ({ container, whenUnused }, { services: { uses }, client }) => {
    // First: a use counts also when it cannot be recorded.
    if (!followed.has(client)) {
      followed.add(client);
      client.gone.addEventListener('abort', () => uses.gone(client), { once: true });
    }
    try {
      return await uses.use(container, client, whenUnused);
    } finally {
      if (client.gone.aborted) uses.gone(client);
    }
  }),

  define(methods.ContainerReleaseRequest, containerParams, async ({ container }, { services, client }) => {
    services.uses.release(container, client);
    return null;
  }),
];
