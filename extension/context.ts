import type * as vscode from 'vscode';
import type { HostSession } from './host/hostSession.ts';
import type { UsageWatches } from './host/usageWatches.ts';
import type { SetupLog } from './opening/setupLog.ts';
import type { ListenerWatches } from './ports/listenerWatches.ts';
import type { WindowForwards } from './ports/windowForwards.ts';
import type { FolderLifecycle } from './lifecycle/folderLifecycle.ts';
import type { EnvironmentProbes } from './workspace/environmentProbes.ts';
import type { Selections } from './views/selections.ts';
import type { WindowContainer } from './windowContainer.ts';

/** What every part of the extension works with. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  /** What is done to open a folder in a container, for its user to read. */
  readonly setupLog: SetupLog;
  readonly session: HostSession;
  readonly window: WindowContainer;
  readonly environments: EnvironmentProbes;
  readonly lifecycle: FolderLifecycle;
  readonly listeners: ListenerWatches;
  readonly usage: UsageWatches;
  readonly forwards: WindowForwards;
  readonly selections: Selections;
}
