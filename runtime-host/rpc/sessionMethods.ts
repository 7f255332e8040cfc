import * as methods from '../protocol/methods.ts';
import { define, type Method } from './method.ts';
import { containerParams, sessionParams } from './schemas.ts';

/** session/…: terminals that outlive their clients. They begin with `container/exec`; their byte streams are in streamRoutes.ts. */
export const sessionMethods: readonly Method[] = [
  define(methods.SessionListRequest, containerParams, ({ container }, { services }) => services.sessions.list(container)),

  define(methods.SessionEndRequest, sessionParams, async ({ container, session }, { services }) => {
    await services.sessions.end(container, session);
    return null;
  }),
];
