import { create } from '@bufbuild/protobuf';
import { AttachRequestSchema, type AttachRequest, type AttachResponse } from './gen/guest_pb.js';

/** What a process does, as seen through one attachment. */
export type ProcessEvent =
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly offset: number; readonly data: Uint8Array }
  | { readonly kind: 'exit'; readonly code: number; readonly oomKilled: boolean; readonly containerOomKills: number };

export interface AttachOptions {
  readonly processId: string;
  /** Bytes of output already seen. */
  readonly stdoutOffset?: number;
  readonly stderrOffset?: number;
  /** See AttachStart.acknowledges in guest.proto. */
  readonly acknowledges: boolean;
}

type Message = NonNullable<AttachRequest['message']['case']> extends infer Case
  ? Extract<AttachRequest['message'], { case: Case }>
  : never;

interface QueuedInput {
  readonly message: Message;
  readonly taken: () => void;
  readonly failed: (error: Error) => void;
}

/** Input sent and not yet consumed by the process, at most (AttachResponse.stdin_consumed in guest.proto). */
const inputWindow = 256 * 1024;
/** Input is sent in pieces of this size, so that acknowledgements get their turn between them. */
const inputPiece = 32 * 1024;

/**
 * One AttachProcess call. Iterating gives output and at last the exit; input is taken at the pace of the guest.
 * Acknowledgements and sizes replace earlier ones that have not left yet, and overtake input that waits.
 */
export class ProcessAttachment implements AsyncIterable<ProcessEvent> {
  readonly #abort = new AbortController();
  readonly #responses: AsyncIterable<AttachResponse>;
  #input: QueuedInput[] = [];
  #acknowledgement: Message | undefined;
  #resize: Message | undefined;
  #wake: (() => void) | undefined;
  #closed = false;
  #inputSent = 0;
  #inputConsumed = 0;

  constructor(call: (requests: AsyncIterable<AttachRequest>, signal: AbortSignal) => AsyncIterable<AttachResponse>, options: AttachOptions) {
    this.#responses = call(this.#requests(options), this.#abort.signal);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ProcessEvent> {
    let exit: ProcessEvent | undefined;
    try {
      for await (const { message } of this.#responses) {
        if (message.case === 'exited') {
          // The call is read to its end, which comes with this: an HTTP/2 stream that nobody reads on is never freed.
          const { code, oomKilled, containerOomKills } = message.value;
          exit = { kind: 'exit', code, oomKilled, containerOomKills: Number(containerOomKills) };
          this.#endRequests();
        } else if (message.case === 'stdinConsumed') {
          this.#onConsumed(Number(message.value));
        } else if (message.case) {
          yield { kind: 'output', stream: message.case, offset: Number(message.value.offset), data: message.value.data };
        }
      }
    } catch (error) {
      if (!this.#closed) throw error;
    } finally {
      this.close();
    }
    if (exit) yield exit;
  }

  /** Resolves when the data is on its way and there is room for more. */
  async write(data: Uint8Array): Promise<void> {
    const pieces: Promise<void>[] = [];
    for (let at = 0; at < data.length; at += inputPiece) {
      pieces.push(this.#enqueue({ case: 'stdin', value: data.subarray(at, at + inputPiece) }));
    }
    await Promise.all(pieces);
  }

  /** The process reads end of file after what was written before. */
  closeInput(): Promise<void> {
    return this.#enqueue({ case: 'closeStdin', value: true });
  }

  resize(columns: number, rows: number): void {
    this.#resize = { case: 'resize', value: { $typeName: 'berth.guest.v1.TerminalSize', columns, rows } };
    this.#wake?.();
  }

  /** Everything before these offsets is stored or has been handed on. */
  acknowledge(stdoutOffset: number, stderrOffset: number): void {
    this.#acknowledgement = {
      case: 'acknowledge',
      value: { $typeName: 'berth.guest.v1.Acknowledgement', stdoutOffset: BigInt(stdoutOffset), stderrOffset: BigInt(stderrOffset) },
    };
    this.#wake?.();
  }

  /** Ends the call; the process goes on. */
  close(): void {
    if (this.#closed) return;
    this.#endRequests();
    this.#abort.abort();
  }

  #endRequests(): void {
    this.#closed = true;
    this.#wake?.();
    for (const { failed } of this.#input) failed(new Error('The attachment was closed.'));
    this.#input = [];
  }

  #enqueue(message: Message): Promise<void> {
    return new Promise((taken, failed) => {
      if (this.#closed) {
        failed(new Error('The attachment was closed.'));
        return;
      }
      this.#input.push({ message, taken, failed });
      this.#wake?.();
    });
  }

  /** Asked for the next message only when the one before has been sent: that is what slows a fast writer down. */
  async *#requests(options: AttachOptions): AsyncGenerator<AttachRequest> {
    yield request({
      case: 'start',
      value: {
        $typeName: 'berth.guest.v1.AttachStart',
        processId: options.processId,
        stdoutOffset: BigInt(options.stdoutOffset ?? 0),
        stderrOffset: BigInt(options.stderrOffset ?? 0),
        acknowledges: options.acknowledges,
      },
    });
    while (!this.#closed) {
      const urgent = this.#takeUrgent();
      if (urgent) {
        yield request(urgent);
        continue;
      }
      const input = this.#takeInput();
      if (input) {
        yield request(input.message);
        input.taken();
        continue;
      }
      await new Promise<void>((wake) => (this.#wake = wake));
      this.#wake = undefined;
    }
  }

  /** Nothing while the process has too much to read already. */
  #takeInput(): QueuedInput | undefined {
    const next = this.#input[0];
    const length = next?.message.case === 'stdin' ? next.message.value.length : 0;
    if (!next || this.#inputSent - this.#inputConsumed + length > inputWindow) return undefined;
    this.#inputSent += length;
    return this.#input.shift();
  }

  #onConsumed(bytes: number): void {
    this.#inputConsumed = bytes;
    this.#wake?.();
  }

  #takeUrgent(): Message | undefined {
    const urgent = this.#resize ?? this.#acknowledgement;
    if (this.#resize) this.#resize = undefined;
    else this.#acknowledgement = undefined;
    return urgent;
  }
}

function request(message: Message): AttachRequest {
  return create(AttachRequestSchema, { message });
}
