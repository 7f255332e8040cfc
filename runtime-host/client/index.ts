/** Berth's client library: what the extension, the CLI and other programs use to talk to the runtime host. */
export { BerthClient } from './berthClient.ts';
export type {
  ContainerChange, ContainerRequests, HostEndpoint, ImageChange, ImageRequests, ListenersChange, NetworkChange, OpenStream, SystemRequests,
} from './berthClient.ts';
export type { LongRequestOptions, RequestChannel, RequestOptions } from './requester.ts';
export { connect, connectTransport, HostConnection } from './connect.ts';
export type { ConnectOptions, HostTransport } from './connect.ts';
export { HostStream } from './hostStreams.ts';
export { BerthError } from '../protocol/errors.ts';
export type { ErrorCode } from '../protocol/errors.ts';
export { BerthPaths } from '../protocol/paths.ts';
export type * from '../protocol/grants.ts';
export type * from '../protocol/networks.ts';
export type * from '../protocol/types.ts';
