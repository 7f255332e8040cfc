import { ContainerShareRequest, ContainerUnshareRequest, GrantDecideRequest, GrantListRequest, GrantRevokeRequest } from '../protocol/methods.ts';
import { containerShare, containerUnshare, grantDecide, grantRevoke } from './grantSchema.ts';
import { define, define0 } from './method.ts';
import type { Method } from './method.ts';

/** grant/…: what users allowed workspaces; and directories that come and go while a container runs. */
export const grantMethods: readonly Method[] = [
  define(ContainerShareRequest, containerShare, ({ container, mount }, { services }) => services.shares.share(container, mount)),

  define(ContainerUnshareRequest, containerUnshare, ({ container, target }, { services }) => services.shares.unshare(container, target)),

  define0(GrantListRequest, ({ services }) => Promise.resolve(services.grants.list())),

  define(GrantDecideRequest, grantDecide, (wish, { services }) => services.grants.decide(wish)),

  define(GrantRevokeRequest, grantRevoke, async ({ id }, { services }) => {
    await services.grants.revoke(id);
    return null;
  }),
];
