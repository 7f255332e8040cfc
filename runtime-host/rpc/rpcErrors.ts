import { ErrorCodes, ResponseError } from 'vscode-jsonrpc/node';
import type { BerthError, ErrorCode, ErrorPayload } from '../protocol/errors.ts';

/** LSP's own additions to JSON-RPC's error codes (LSP 3.17, "ErrorCodes"). */
const lspRequestCancelled = -32800;
const lspRequestFailed = -32803;

/** The JSON-RPC form of whatever a method threw; our ErrorPayload travels in `data`. */
export function toResponseError(error: BerthError): ResponseError<ErrorPayload> {
  return new ResponseError(numberFor(error), error.message, error.toPayload());
}

function numberFor({ code }: BerthError): number {
  if (code === 'Cancelled') return lspRequestCancelled;
  if (code === 'InvalidArgument') return ErrorCodes.InvalidParams;
  if (code === 'Internal') return ErrorCodes.InternalError;
  return lspRequestFailed;
}

/** A request that is no method of ours, or comes at the wrong time. */
export function protocolError(code: number, message: string): ResponseError<ErrorPayload> {
  return new ResponseError(code, message, { code: 'InvalidArgument', message });
}

/** What users ask for and cannot have: they are told all there is to tell. */
const ordinary: ReadonlySet<ErrorCode> = new Set(['Cancelled', 'InvalidArgument', 'ImageNotFound', 'CommandNotFound', 'CommandNotExecutable', 'UserNotFound', 'PathNotFound', 'FolderInvalid', 'FolderProtected']);

/** Whether an error has more to tell than the client is told: a cause. */
export function worthLogging(error: BerthError): boolean {
  return !ordinary.has(error.code) && (error.code === 'Internal' || error.cause !== undefined);
}
