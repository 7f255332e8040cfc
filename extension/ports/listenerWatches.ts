import type * as vscode from 'vscode';
import type { Listener } from '../../runtime-host/protocol/networks.ts';
import { HeldWatches } from '../host/heldWatches.ts';
import type { HostSession } from '../host/hostSession.ts';

/** Which servers wait in the containers that somebody looks at. */
export class ListenerWatches extends HeldWatches<readonly Listener[]> {
  constructor(session: HostSession, log: vscode.LogOutputChannel) {
    super({
      name: 'Listeners',
      watch: (client, id) => client.ports.watchListeners(id),
      unwatch: (client, id) => client.ports.unwatchListeners(id),
      listen: (client, changed) => client.onListenersDidChange(({ id, listeners }) => changed(id, listeners)),
    }, session, log);
  }

  /** Undefined when it is not known (yet). */
  listeners(id: string): readonly Listener[] | undefined {
    return this.value(id);
  }
}
