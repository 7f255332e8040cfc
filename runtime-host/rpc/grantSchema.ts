import { grantDecisions } from '../protocol/grants.ts';
import { container, guestPath, hostPath, mount } from './schemas.ts';
import { flag, object, oneOf, optional, text } from './validate.ts';

/* The shapes of grant/…, container/share and container/unshare (protocol/grants.ts). */

export const containerShare = object({ container, mount });
export const containerUnshare = object({ container, target: guestPath });
export const grantDecide = object({ workspace: hostPath, path: hostPath, readOnly: flag, decision: oneOf(grantDecisions), purpose: optional(text({ maxLength: 1000 })) });
export const grantRevoke = object({ id: text({ maxLength: 64 }) });
