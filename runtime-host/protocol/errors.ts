/** Every way in which Berth can refuse or fail; stable, so that scripts and clients may branch on it. */
export const errorCodes = [
  'InvalidArgument',
  'ImageNotFound',
  'ImageInUse',
  'RegistryUnreachable',
  'RegistryTimeout',
  'RegistryRefused',
  'DigestMismatch',
  'ManifestInvalid',
  'LayerInvalid',
  'PlatformUnavailable',
  'ContainerNotFound',
  'ContainerRunning',
  'ContainerNotRunning',
  'ContainerNameInUse',
  'ExecNotFound',
  'SessionNotFound',
  'VolumeNotFound',
  'VolumeInUse',
  'VolumeNameInUse',
  'VolumeInvalid',
  'NetworkNotFound',
  'NetworkInUse',
  'NetworkNameInUse',
  'NetworkInvalid',
  'NetworkFailed',
  'PortInUse',
  'PathNotFound',
  'TransferEnded',
  'FolderInvalid',
  'FolderProtected',
  'GrantNotFound',
  'DevContainerInvalid',
  'LifecycleCommandFailed',
  'CommandNotFound',
  'CommandNotExecutable',
  'UserNotFound',
  'QemuMissing',
  'KernelMissing',
  'VmFailed',
  'GuestFailed',
  'DiskFull',
  'HostUnreachable',
  'VersionMismatch',
  'Cancelled',
  'Internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Facts about an error for programs: names, paths, digests, numbers. Never secrets. */
export type ErrorData = Readonly<Record<string, string | number | boolean | undefined>>;

/** What travels in the `data` member of a JSON-RPC error and on the status channel of a stream. */
export interface ErrorPayload {
  readonly code: ErrorCode;
  readonly message: string;
  readonly data?: ErrorData;
}

/**
 * The one error type. `message` is a sentence for the user: what happened, to what, what to do next.
 * `cause` keeps the underlying error for the log; it is never shown to the user and never sent over the wire.
 */
export class BerthError extends Error {
  override readonly name = 'BerthError';
  readonly code: ErrorCode;
  readonly data: ErrorData | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; data?: ErrorData } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options.data;
  }

  /** `instanceof` also knows the errors of another bundle, which has its own copy of this class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'BerthError';
  }

  toPayload(): ErrorPayload {
    return { code: this.code, message: this.message, ...(this.data ? { data: this.data } : {}) };
  }

  static fromPayload(payload: ErrorPayload): BerthError {
    return new BerthError(payload.code, payload.message, payload.data ? { data: payload.data } : {});
  }

  /** Any thrown value as a BerthError; what is not one becomes `Internal` with the original as its cause. */
  static from(thrown: unknown): BerthError {
    if (thrown instanceof BerthError) return thrown;
    if (thrown instanceof Error && thrown.name === 'AbortError') {
      return new BerthError('Cancelled', 'The operation was cancelled.', { cause: thrown });
    }
    if (isNodeError(thrown) && (thrown.code === 'ENOSPC' || thrown.code === 'EDQUOT')) {
      return new BerthError('DiskFull', 'The disk that holds Berth’s data is full. Free some space and try again.', { cause: thrown });
    }
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    return new BerthError('Internal', `Something unexpected went wrong: ${detail}`, { cause: thrown });
  }
}

/** True for errors that Node's own APIs throw, which carry a `code` such as `ENOENT`. */
export function isNodeError(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && typeof (thrown as NodeJS.ErrnoException).code === 'string';
}

/** True when a value received from the wire has the shape of an {@link ErrorPayload}. */
export function isErrorPayload(value: unknown): value is ErrorPayload {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message } = value as Record<string, unknown>;
  return typeof message === 'string' && (errorCodes as readonly unknown[]).includes(code);
}
