import type { Logger } from '../base/log.ts';
import { networkNamePattern } from '../protocol/networks.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import { NamedStore } from './namedStore.ts';
import { parseNetworkRecord, type NetworkRecord } from './networkRecord.ts';

/** The networks on disk: networks/<name>/network.json. */
export class NetworkStore extends NamedStore<NetworkRecord> {
  constructor(paths: BerthPaths, log: Logger) {
    super({ noun: 'network', root: paths.networks, pathsOf: (name) => paths.network(name), pattern: networkNamePattern, parse: parseNetworkRecord }, log);
  }
}
