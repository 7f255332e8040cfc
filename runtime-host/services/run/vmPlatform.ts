import type { Logger } from '../../base/log.ts';
import type { BerthPaths } from '../../protocol/paths.ts';
import type { Accelerator } from '../../protocol/types.ts';
import { chooseAccelerator } from '../../vm/accelerator.ts';
import { findGuestAssets, type GuestAssets } from '../../vm/guestAssets.ts';
import { findQemu, hostArchitecture, qemuVersion, type Qemu } from '../../vm/qemu.ts';
import type { Architecture } from '../../vm/qemuArguments.ts';
import { hostTscKilohertz } from '../../vm/tscFrequency.ts';

/** What all VMs of this host have in common. */
export interface VmBasis {
  readonly qemu: Qemu;
  readonly assets: GuestAssets;
  readonly accelerator: Accelerator;
  readonly architecture: Architecture;
  readonly tscKilohertz: number | undefined;
}

/** Finds out once what VMs need; a failure is not remembered, so that installing what was missing helps at once. */
export class VmPlatform {
  readonly #paths: BerthPaths;
  readonly #log: Logger;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #notify: (message: string) => void;
  #basis: Promise<VmBasis> | undefined;
  #accelerator: Accelerator | undefined;

  /** `notify` gets a sentence for the user when it has just been found out that VMs will be slow. */
  constructor(paths: BerthPaths, log: Logger, environment: NodeJS.ProcessEnv, notify: (message: string) => void) {
    this.#paths = paths;
    this.#log = log;
    this.#environment = environment;
    this.#notify = notify;
  }

  get accelerator(): Accelerator | undefined {
    return this.#accelerator;
  }

  /** @throws BerthError QemuMissing, KernelMissing, InvalidArgument */
  basis(): Promise<VmBasis> {
    if (!this.#basis) {
      this.#basis = this.#find();
      this.#basis.catch(() => (this.#basis = undefined));
    }
    return this.#basis;
  }

  async #find(): Promise<VmBasis> {
    const architecture = hostArchitecture();
    const program = await findQemu(architecture, this.#environment);
    const [version, assets, tscKilohertz] = await Promise.all([qemuVersion(program), findGuestAssets(this.#paths, this.#environment), hostTscKilohertz()]);
    const qemu = { program, version };
    const accelerator = await chooseAccelerator({ qemu, assets, paths: this.#paths, log: this.#log, environment: this.#environment, notify: this.#notify });
    this.#accelerator = accelerator;
    this.#log.info('Virtual machines are possible.', { accelerator, qemu: program, version, kernel: assets.kernelRelease });
    return { qemu, assets, accelerator, architecture, tscKilohertz };
  }
}
