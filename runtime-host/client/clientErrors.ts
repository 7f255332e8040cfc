import { ConnectionError, ErrorCodes, ResponseError } from 'vscode-jsonrpc';
import { BerthError, isErrorPayload } from '../protocol/errors.ts';
import type { BerthPaths } from '../protocol/paths.ts';
import { connectionLost } from './connectionLost.ts';

/** Whatever a JSON-RPC request was rejected with, as a BerthError. */
export function errorFromResponse(thrown: unknown, paths: BerthPaths): BerthError {
  if (thrown instanceof BerthError) return thrown;
  const data = (thrown as { data?: unknown } | null)?.data;
  if (isErrorPayload(data)) return BerthError.fromPayload(data);
  if (isConnectionFailure(thrown)) return connectionLost(paths, thrown);
  return BerthError.from(thrown);
}

function isConnectionFailure(thrown: unknown): boolean {
  if (thrown instanceof ConnectionError) return true;
  const codes: number[] = [ErrorCodes.PendingResponseRejected, ErrorCodes.ConnectionInactive, ErrorCodes.MessageWriteError, ErrorCodes.MessageReadError];
  return thrown instanceof ResponseError && codes.includes(thrown.code);
}
