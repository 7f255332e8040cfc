import type { BerthPaths } from '../../protocol/paths.ts';
import type { ContainerLifecycle } from '../containerLifecycle.ts';
import { GrantService } from './grantService.ts';
import type { LiveShares, LiveSharesOptions } from './liveShares.ts';
import { ShareService } from './shareService.ts';

/** What of this machine containers get after they were created, and what users have decided about that. */
export interface Access {
  readonly shares: ShareService;
  readonly grants: GrantService;
}

/** Its grants are to be begun when it is known which containers run. */
export function createAccess(live: LiveShares, lifecycle: ContainerLifecycle, { table, policy, log, paths }: LiveSharesOptions & { readonly paths: BerthPaths }): Access {
  const shares = new ShareService(table, lifecycle, policy, live);
  return { shares, grants: new GrantService({ paths, table, shares, log }) };
}
