import type { Duplex } from 'node:stream';
import { Code, ConnectError, createClient, type Client } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { BerthError } from '../protocol/errors.ts';
import { ProcessAttachment, type AttachOptions } from './attachment.ts';
import { openControlPort } from './controlPort.ts';
import { ContractVersion, Guest } from './gen/guest_pb.js';
import type { Listener } from '../protocol/networks.ts';
import type { ContainerProcess } from '../protocol/statistics.ts';
import { processesOf, statisticsOf, type GuestStatistics } from './observation.ts';
import { readArchive, writeArchive, type ReadArchive, type WriteArchive } from './guestArchive.ts';
import { guestError } from './guestErrors.ts';
import type { GuestContainer, GuestProcess } from './guestContainer.ts';
import { containerMessage, processMessage } from './guestMessages.ts';
import { listenInGuest, watchListeners, type GuestListener } from './guestListeners.ts';
import { mountInGuest, type LiveShare } from './guestShare.ts';
import { guestAuthority, GuestSession } from './guestSession.ts';
import { dialGuest, type GuestAddress, type GuestCalls } from './guestSocket.ts';

/** What the handshake tells: the guest's versions, and its processes as they are. */
export interface GuestState {
  readonly vminitdVersion: string;
  readonly kernelRelease: string;
  readonly containerStarted: boolean;
  readonly processes: readonly { readonly id: string; readonly exitCode: number | undefined }[];
}

export interface ConnectOptions {
  /** Gives up connecting. */
  readonly signal: AbortSignal;
  /** How long later calls wait for their answer when they have no signal of their own. */
  readonly answerMilliseconds: number;
}

/** One connection to a VM's vminitd. Every call fails with BerthError GuestFailed once the connection has ended. */
export class GuestClient {
  /** Settles when the connection has ended, for whatever reason. Never rejects. */
  readonly closed: Promise<void>;
  readonly #session: GuestSession;
  readonly #client: Client<typeof Guest>;
  readonly #answerMilliseconds: number;

  private constructor(session: GuestSession, answerMilliseconds: number) {
    this.#session = session;
    this.#answerMilliseconds = answerMilliseconds;
    this.closed = session.closed;
    this.#client = createClient(Guest, createGrpcTransport({ baseUrl: guestAuthority, sessionManager: session, acceptCompression: [] }));
  }

  /**
   * Waits until the guest has booted, exchanges versions and sets the guest's clock.
   * @throws BerthError VersionMismatch when the VM was started by a Berth that spoke another contract; GuestFailed;
   *   the signal's reason.
   */
  static async connect(controlSocket: string, hostVersion: string, options: ConnectOptions): Promise<{ readonly guest: GuestClient; readonly state: GuestState }> {
    const { signal } = options;
    const guest = new GuestClient(new GuestSession(await openControlPort(controlSocket, signal)), options.answerMilliseconds);
    try {
      return { guest, state: await guest.#handshake(hostVersion, signal) };
    } catch (error) {
      guest.close();
      throw error;
    }
  }

  get #calls(): GuestCalls {
    return { client: this.#client, connected: () => this.connected };
  }

  get connected(): boolean {
    return this.#session.connected;
  }

  async #handshake(hostVersion: string, signal: AbortSignal): Promise<GuestState> {
    const answer = await this.#call(signal, (options) =>
      this.#client.handshake({ contractVersion: ContractVersion.CURRENT, hostVersion, unixNanoseconds: BigInt(Date.now()) * 1_000_000n }, options).catch((error: unknown) => {
        throw error instanceof ConnectError && error.code === Code.FailedPrecondition ? otherVersion({ cause: error }) : error;
      }),
    );
    if ((answer.contractVersion as ContractVersion) !== ContractVersion.CURRENT) throw otherVersion({ data: { host: ContractVersion.CURRENT, guest: answer.contractVersion } });
    return {
      vminitdVersion: answer.vminitdVersion,
      kernelRelease: answer.kernelRelease,
      containerStarted: answer.containerStarted,
      processes: answer.processes.map((process) => ({ id: process.id, exitCode: process.exit?.code })),
    };
  }

  /**
   * Mounts the disk and the shared directories and starts the first process.
   * @throws BerthError CommandNotFound, CommandNotExecutable (the working directory, too), UserNotFound, GuestFailed
   */
  async startContainer(container: GuestContainer, signal?: AbortSignal): Promise<void> {
    await this.#call(signal, (options) => this.#client.startContainer(containerMessage(container, container.process), options));
  }

  /** Mounts what {@link startContainer} would and starts nothing: for the files of a container that does not run. */
  async mountContainer(container: Omit<GuestContainer, 'process'>, signal: AbortSignal): Promise<void> {
    await this.#call(signal, (options) => this.#client.mountContainer(containerMessage(container), options));
  }

  /** @throws BerthError PathNotFound, InvalidArgument, GuestFailed; the signal's reason */
  readArchive(request: ReadArchive, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    return readArchive(this.#client, request, signal, () => this.connected);
  }

  /** @throws BerthError PathNotFound, InvalidArgument, DiskFull, GuestFailed; the signal's reason */
  writeArchive(request: WriteArchive, data: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    return writeArchive(this.#client, request, data, signal, () => this.connected);
  }

  /**
   * @param onLate called when it starts after all, although it was given up: cancelling the call would not keep it from that
   * @throws BerthError as startContainer does.
   */
  async startProcess(process: GuestProcess, onLate: () => void): Promise<void> {
    const starting = this.#client.startProcess({ process: processMessage(process) });
    let isGivenUp = false;
    starting.then(() => isGivenUp && onLate(), () => undefined);
    await this.#call(undefined, ({ signal }) => new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => {
        isGivenUp = true;
        reject(signal.reason as BerthError);
      }, { once: true });
      starting.then(() => resolve(), reject);
    }));
  }

  /** Iterating the attachment throws BerthError GuestFailed when the process is unknown or the connection ends. */
  attach(options: AttachOptions): ProcessAttachment {
    return new ProcessAttachment((requests, signal) => this.#translated(this.#client.attachProcess(requests, { signal })), options);
  }

  /**
   * Answers whether the process can notice it: the kernel keeps from a container's first process what that neither
   * handles nor waits for.
   */
  async signal(processId: string, signal: number): Promise<boolean> {
    const { unnoticed } = await this.#call(undefined, (options) => this.#client.signalProcess({ processId, signal }, options));
    return !unnoticed;
  }

  /** Lets the guest forget an ended process. */
  async release(processId: string): Promise<void> {
    await this.#call(undefined, (options) => this.#client.releaseProcess({ processId }, options));
  }

  /** What the container uses at this moment. */
  async statistics(): Promise<GuestStatistics> {
    return statisticsOf(await this.#call(undefined, (options) => this.#client.statistics({}, options)));
  }

  /** All processes in the container. */
  async processes(): Promise<ContainerProcess[]> {
    return processesOf(await this.#call(undefined, (options) => this.#client.listProcesses({}, options)));
  }

  /** Sets the guest's clock, and answers how many milliseconds it was ahead. */
  async setClock(unixMilliseconds: number): Promise<number> {
    const { aheadNanoseconds } = await this.#call(undefined, (options) => this.#client.setClock({ unixNanoseconds: BigInt(unixMilliseconds) * 1_000_000n }, options));
    return Number(aheadNanoseconds) / 1e6;
  }

  /** Connects to a socket in the container. @throws as {@link dialGuest} */
  dial(address: GuestAddress, signal?: AbortSignal): Promise<Duplex> {
    return dialGuest(this.#calls, address, signal);
  }

  /** Mounts a directory for as long as the stream is there. @throws as {@link mountInGuest} */
  mountShare(share: LiveShare, serve: (stream: Duplex) => void, signal?: AbortSignal): Promise<Duplex> {
    return mountInGuest(this.#calls, share, serve, signal);
  }

  /** Makes a unix socket in the container. @throws as {@link listenInGuest} */
  listen(socket: { readonly path: string; readonly mode: number }, onConnection: (connection: Duplex) => void, onError: (error: BerthError) => void): Promise<GuestListener> {
    return listenInGuest(this.#calls, socket, onConnection, onError);
  }

  /** What waits for connections in the container, now and after each change. @throws as {@link watchListeners} */
  listeners(signal: AbortSignal): AsyncGenerator<readonly Listener[]> {
    return watchListeners(this.#calls, signal);
  }

  /** Ends all processes, syncs and unmounts. Afterwards the VM can be ended without losing anything. */
  async shutdown(signal?: AbortSignal): Promise<void> {
    await this.#call(signal, (options) => this.#client.shutdown({ powerOff: false }, options));
  }

  /** Ends the connection; the VM and its processes go on. */
  close(): void {
    this.#session.close();
  }

  /** Without a signal a limit takes its place: a VM that is frozen keeps its connection and never answers. */
  async #call<Answer>(given: AbortSignal | undefined, call: (options: { signal: AbortSignal }) => Promise<Answer>): Promise<Answer> {
    const limit = new AbortController();
    const signal = given ?? limit.signal;
    const timer = given ? undefined : setTimeout(() => limit.abort(noAnswer(this.#answerMilliseconds)), this.#answerMilliseconds);
    try {
      return await call({ signal });
    } catch (error) {
      throw guestError(error, this.connected, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async *#translated<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
    try {
      yield* items;
    } catch (error) {
      throw guestError(error, this.connected);
    }
  }
}

function otherVersion(details: ConstructorParameters<typeof BerthError>[2]): BerthError {
  return new BerthError('VersionMismatch', 'The virtual machine was started by a different version of Berth. Stop the container and start it again.', details);
}

function noAnswer(milliseconds: number): BerthError {
  return new BerthError('GuestFailed', `The virtual machine did not answer within ${milliseconds / 1000} seconds. Try again, or stop the container.`);
}
