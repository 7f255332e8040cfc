import type { GuestClient } from '../../guest/guestClient.ts';

/** Connections into and out of a running container, over its control port. */
export type GuestConnections = Pick<GuestClient, 'dial' | 'listen' | 'listeners'>;
