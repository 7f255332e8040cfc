import type { BerthError } from '../runtime-host/protocol/errors.ts';

/** What the user can be offered to do about an error. */
export type ErrorAction = 'openFile' | 'openLog' | 'openSettings' | 'reloadWindow' | 'restartHost' | 'chooseImage' | 'retry' | 'showOutput';

/** What whoever reports the error can do besides. */
export interface Offers {
  readonly retry: boolean;
  readonly chooseImage: boolean;
}

const settings: Readonly<Record<string, string>> = { memoryBytes: 'berth.memory', cpus: 'berth.cpus' };

/** The setting that a value which the host has refused came from. */
export function settingOf({ data }: BerthError): string | undefined {
  return settings[String(data?.['option'])];
}

/** The one action that helps most; the same for the same error wherever it comes up. */
export function actionFor(error: BerthError, offers: Offers): ErrorAction {
  const data = error.data ?? {};
  const retry = offers.retry ? 'retry' : 'showOutput';
  switch (error.code) {
    case 'DevContainerInvalid':
      return typeof data['file'] === 'string' ? 'openFile' : 'showOutput';
    case 'VersionMismatch':
      return actionForVersions(data['hostProtocol'], data['clientProtocol']);
    case 'ImageNotFound':
    case 'PlatformUnavailable':
    case 'ManifestInvalid':
    case 'LayerInvalid':
      return offers.chooseImage ? 'chooseImage' : retry;
    case 'InvalidArgument':
      if (settingOf(error) !== undefined) return 'openSettings';
      return offers.chooseImage && data['reference'] !== undefined ? 'chooseImage' : 'showOutput';
    case 'RegistryRefused':
      // Registries answer like this, too, when there is no such image.
      return offers.chooseImage && (data['status'] === 401 || data['status'] === 403) ? 'chooseImage' : retry;
    case 'VmFailed':
    case 'GuestFailed':
      return typeof data['log'] === 'string' ? 'openLog' : retry;
    case 'HostUnreachable':
      return offers.retry || typeof data['log'] !== 'string' ? retry : 'openLog';
    case 'LifecycleCommandFailed':
    case 'RegistryUnreachable':
    case 'RegistryTimeout':
    case 'DigestMismatch':
    case 'FolderInvalid':
    case 'FolderProtected':
    case 'QemuMissing':
    case 'KernelMissing':
    case 'DiskFull':
      return retry;
    default:
      return 'showOutput';
  }
}

/** An action beside the one that helps most. */
export interface Alternative {
  readonly title: string;
  /** The action that it takes the place of, where that is the one that helps most: then it comes first. */
  readonly insteadOf?: ErrorAction;
}

/** So many buttons a notification shows whole. */
const mostButtons = 3;

/**
 * What is offered with an error: `shown` are buttons, `rest` comes behind one more.
 * @param best does what `kind` stands for, unless one of `more` does that
 */
export function arranged<T extends Alternative>(kind: ErrorAction, best: T, more: readonly T[]): { readonly shown: readonly T[]; readonly rest: readonly T[] } {
  const first = more.find(({ insteadOf }) => insteadOf === kind) ?? best;
  const others = more.filter(({ title }) => title !== first.title);
  if (others.length < mostButtons) return { shown: [first, ...others], rest: [] };
  // Where another image is wanted, the same once more will hardly help.
  const second = others.find(({ insteadOf }) => kind !== 'chooseImage' || insteadOf !== 'retry');
  return { shown: second ? [first, second] : [first], rest: others.filter((other) => other !== second) };
}

/** A virtual machine of another version has no protocol of a host. */
function actionForVersions(host: unknown, client: unknown): ErrorAction {
  if (typeof host !== 'number' || typeof client !== 'number') return 'showOutput';
  return host > client ? 'reloadWindow' : 'restartHost';
}
