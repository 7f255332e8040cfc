import type { Duplex } from 'node:stream';
import { BerthError } from '../../protocol/errors.ts';
import type { Mount } from '../../protocol/types.ts';
import type { GuestClient } from '../../guest/guestClient.ts';
import { within } from '../run/patience.ts';
import { shareOwner } from '../specification/shareOwner.ts';
import { ShareHelper } from './shareHelper.ts';

/** How long the guest may take to let a directory go that nobody serves any more. */
const withdrawMilliseconds = 10_000;

/** The guest as far as a directory needs it. */
export type ShareGuest = Pick<GuestClient, 'mountShare'>;

/** One directory in a running container: its server, and the stream that leads from it into the guest. */
export class LiveShare {
  readonly mount: Mount;
  /** Settles when it is not there any more, whoever wanted that. Never rejects. */
  readonly ended: Promise<void>;
  readonly #helper: ShareHelper;
  readonly #stream: Duplex;
  readonly #closed: Promise<void>;

  /**
   * @param atStart it is to appear when the container starts
   * @throws BerthError FolderInvalid, GuestFailed; the signal's reason
   */
  static async open(guest: ShareGuest, program: string, mount: Mount, atStart: boolean, signal?: AbortSignal): Promise<LiveShare> {
    const owner = await shareOwner(mount.source);
    const helper = await ShareHelper.start(program, mount, owner);
    const given = new AbortController();
    void helper.ended.then(() => given.abort(helper.reason));
    try {
      const { target, readOnly } = mount;
      const stream = await guest.mountShare({ target, readOnly, owner, atStart }, (opened) => helper.serve(opened), AbortSignal.any([given.signal, ...(signal ? [signal] : [])]));
      return new LiveShare(mount, helper, stream);
    } catch (error) {
      await helper.kill();
      throw error;
    }
  }

  private constructor(mount: Mount, helper: ShareHelper, stream: Duplex) {
    this.mount = mount;
    this.#helper = helper;
    this.#stream = stream;
    this.#closed = new Promise((resolve) => {
      stream.on('error', () => undefined); // `ended` tells.
      if (stream.closed) resolve();
      else stream.once('close', () => resolve());
    });
    this.ended = Promise.race([helper.ended, this.#closed]);
  }

  /** Of its server. */
  get pid(): number | undefined {
    return this.#helper.pid;
  }

  /** Takes it away. Afterwards nothing of it can be reached; the guest has let it go, or does not answer. */
  async close(): Promise<void> {
    await this.#helper.kill();
    if (this.#stream.destroyed) return;
    this.#stream.unpipe().resume().end();
    if (!(await within(this.#closed, withdrawMilliseconds))) this.#stream.destroy(new BerthError('GuestFailed', 'The virtual machine did not let a directory go in time.'));
  }

  /** Nothing is waited for: the guest is gone, or will be told by the end of its connection. */
  drop(): void {
    void this.#helper.kill();
    this.#stream.destroy();
  }
}
