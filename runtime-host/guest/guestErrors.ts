import { Code, ConnectError } from '@connectrpc/connect';
import { BerthError } from '../protocol/errors.ts';
import { StartFailure_Reason, StartFailureSchema, type StartFailure } from './gen/guest_pb.js';

/**
 * Turns what a call to vminitd throws into an error for the user.
 * @param connected whether the connection was still there afterwards
 */
export function guestError(thrown: unknown, connected: boolean, signal?: AbortSignal): BerthError {
  if (thrown instanceof BerthError) return thrown;
  if (signal?.aborted) return signal.reason instanceof BerthError ? signal.reason : new BerthError('Cancelled', 'The operation was cancelled.', { cause: thrown });
  const error = ConnectError.from(thrown);
  const [failure] = error.findDetails(StartFailureSchema);
  if (failure) return startError(failure, error);
  if (error.code === Code.FailedPrecondition) return new BerthError('ContainerNotRunning', 'The container has ended.', { cause: error });
  // Its machine was started by an older Berth and outlived it.
  if (error.code === Code.Unimplemented) return new BerthError('GuestFailed', 'The container runs since before Berth was updated, and cannot do this yet. Stop it and start it again.', { cause: error });
  if (!connected) return new BerthError('GuestFailed', 'The connection to the virtual machine has ended.', { cause: error });
  return new BerthError('GuestFailed', `The virtual machine’s init did not do what was asked: ${sentence(error)}`, { cause: error, data: { status: Code[error.code] } });
}

function startError(failure: StartFailure, cause: ConnectError): BerthError {
  const { subject } = failure;
  const details = { cause, data: { subject } };
  switch (failure.reason) {
    case StartFailure_Reason.COMMAND_NOT_FOUND:
      return new BerthError('CommandNotFound', `The container has no command “${subject}”. Check its spelling and the image’s PATH.`, details);
    case StartFailure_Reason.COMMAND_NOT_EXECUTABLE:
      return new BerthError('CommandNotExecutable', `“${subject}” cannot be executed in the container. Check that it is a program and has execute permission.`, details);
    case StartFailure_Reason.USER_NOT_FOUND:
      return new BerthError('UserNotFound', `The container has no user or group “${subject}”. Use one from its /etc/passwd, or a number.`, details);
    case StartFailure_Reason.WORKING_DIRECTORY:
      return new BerthError('CommandNotExecutable', `The working directory “${subject}” cannot be used in the container: ${sentence(cause).replace(`${subject}: `, '')}`, details);
    case StartFailure_Reason.MOUNT:
      return new BerthError('GuestFailed', `“${subject}” could not be mounted in the container: ${sentence(cause)}`, details);
    case StartFailure_Reason.UNSPECIFIED:
      return new BerthError('GuestFailed', `The process could not be started: ${sentence(cause)}`, details);
    default:
      return new BerthError('GuestFailed', `The process could not be started: ${sentence(cause)}`, details);
  }
}

function sentence(error: ConnectError): string {
  return `${error.rawMessage.replace(/\.$/, '')}.`;
}
