/**
 * How long a virtual machine may take, in milliseconds. Generous: emulated on a busy machine everything takes fifteen
 * times as long as usual, and who gives up too soon ends a machine that works.
 */
export interface VmLimits {
  /** From the start of QEMU until the first process runs. */
  readonly boot: number;
  /** For the first process to run once the guest answers, where an image's files may have to be copied into a volume first. */
  readonly fill: number;
  /** For QEMU, and then its guest, to answer a new host. */
  readonly adopt: number;
  /** For the guest to start a process, or to do anything else that is asked while it runs. */
  readonly answer: number;
  /** For a container that is being stopped: for each signal to be taken, and for SIGKILL to have its effect. */
  readonly obey: number;
  /** For a copy of files to move on, when somebody waits for the container. */
  readonly stall: number;
  /** For everything that was written to reach the disk. */
  readonly shutdown: number;
  /** For QEMU to close the disk and end; nothing that was synced is lost when it is killed instead. */
  readonly quit: number;
}

export const defaultVmLimits: VmLimits = { boot: 120_000, fill: 900_000, adopt: 30_000, answer: 60_000, obey: 20_000, stall: 10_000, shutdown: 120_000, quit: 10_000 };
