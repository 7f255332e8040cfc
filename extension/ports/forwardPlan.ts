import type { ForwardedPort, Listener, PublishedPort } from '../../runtime-host/protocol/networks.ts';
import type { PortAttributes } from '../../runtime-host/devcontainer/portAttributes.ts';
import { isLoopback } from './portEntries.ts';

/** A port that this window has let lead to this machine. It is remembered, so that it comes back. */
export interface RememberedForward {
  readonly containerPort: number;
  /** The one that it had. */
  readonly hostPort?: number;
  /** Because the user said so, because the configuration does, or because a server began to listen. */
  readonly by: 'user' | 'configuration' | 'listener';
}

/** What is known about one running container. */
export interface ForwardSituation {
  readonly forwards: readonly ForwardedPort[];
  readonly published: readonly PublishedPort[];
  /** Undefined when it is not known. */
  readonly listeners: readonly Listener[] | undefined;
  readonly remembered: readonly RememberedForward[];
  /** What the configuration wants forwarded. */
  readonly configured: readonly number[];
  /** What the user has stopped. */
  readonly declined: ReadonlySet<number>;
  /** Whether servers that begin to listen are forwarded. */
  readonly automatic: boolean;
  readonly attributes: (port: number) => PortAttributes;
}

export interface ForwardPlan {
  readonly start: readonly RememberedForward[];
  readonly stop: readonly ForwardedPort[];
}

/** What to forward, and what no longer. */
export function planForwards(situation: ForwardSituation): ForwardPlan {
  const { forwards, published, listeners, remembered, configured, declined, automatic, attributes } = situation;
  const isForwarded = (port: number): boolean => forwards.some(({ containerPort }) => containerPort === port);
  const before = (port: number): RememberedForward | undefined => remembered.find(({ containerPort }) => containerPort === port);
  const listens = (port: number): boolean => (listeners ?? []).some((listener) => listener.protocol === 'tcp' && listener.port === port);
  const start = new Map<number, RememberedForward>();
  const want = (containerPort: number, by: RememberedForward['by']): void => {
    if (isForwarded(containerPort) || start.has(containerPort)) return;
    const hostPort = before(containerPort)?.hostPort;
    start.set(containerPort, { containerPort, by, ...(hostPort !== undefined && { hostPort }) });
  };
  for (const { containerPort, by } of remembered) if (by === 'user') want(containerPort, by);
  for (const port of configured) if (!declined.has(port)) want(port, 'configuration');
  for (const { protocol, port, address } of automatic ? (listeners ?? []) : []) {
    const isPublished = !isLoopback(address) && published.some((each) => each.protocol === 'tcp' && each.containerPort === port);
    if (protocol === 'tcp' && !isPublished && !declined.has(port) && attributes(port).onAutoForward !== 'ignore') want(port, 'listener');
  }
  const stop = listeners === undefined ? [] : forwards.filter(({ containerPort }) => before(containerPort)?.by === 'listener' && !listens(containerPort) && !configured.includes(containerPort));
  return { start: [...start.values()], stop };
}
