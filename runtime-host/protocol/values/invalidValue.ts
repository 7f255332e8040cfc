/**
 * A value that a user has written and that cannot be meant. The message says what to write instead. It has the code by
 * which the command line's parser tells such errors from others.
 */
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue';
  readonly code = 'commander.invalidArgument';
  readonly exitCode = 1;
}
