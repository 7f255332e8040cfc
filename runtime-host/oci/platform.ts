import { BerthError } from '../protocol/errors.ts';
import type { Platform } from '../protocol/types.ts';
import type { Descriptor, ImageIndex } from './types.ts';

/** Node's names of architectures in the words of OCI, which are Go's. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** What images must be for to run in this machine's VMs. */
export function hostPlatform(nodeArchitecture: string = process.arch): Platform {
  return { os: 'linux', architecture: architectures[nodeArchitecture] ?? nodeArchitecture };
}

/**
 * Variants that every machine of an architecture runs, best first (image-index.md, "Platform Variants"). For amd64 they
 * are the levels of the x86-64 psABI; above v1 a machine may lack instructions.
 */
const runnableVariants: Readonly<Record<string, readonly (string | undefined)[]>> = {
  amd64: [undefined, 'v1'],
  arm64: ['v8', undefined],
};

/** True when an image for `offered` runs where `wanted` is wanted. */
export function platformMatches(offered: Platform, wanted: Platform): boolean {
  return offered.os === wanted.os && offered.architecture === wanted.architecture && variantRank(offered, wanted) !== -1;
}

function variantRank(offered: Platform, wanted: Platform): number {
  const variants = wanted.variant === undefined ? (runnableVariants[wanted.architecture] ?? [undefined]) : [wanted.variant];
  return variants.indexOf(offered.variant);
}

/**
 * The entry of an index to use. Entries without a platform are taken only when no entry has one and there is no choice.
 * @throws BerthError PlatformUnavailable, with the platforms that there are
 */
export function selectPlatform(index: ImageIndex, wanted: Platform, reference: string): Descriptor {
  const matching = index.manifests
    .flatMap((entry) => (entry.platform && platformMatches(entry.platform, wanted) ? [{ entry, rank: variantRank(entry.platform, wanted) }] : []))
    .sort((one, other) => one.rank - other.rank);
  const best = matching[0]?.entry ?? (index.manifests.length === 1 && index.manifests[0]?.platform === undefined ? index.manifests[0] : undefined);
  if (best) return best;
  throw platformUnavailable(reference, wanted, index.manifests.flatMap((entry) => (entry.platform ? [entry.platform] : [])));
}

export function platformUnavailable(reference: string, wanted: Platform, offered: readonly Platform[]): BerthError {
  // "unknown/unknown" entries are attestations, not images.
  const names = [...new Set(offered.filter((platform) => platform.os !== 'unknown').map(formatPlatform))];
  const choice = names.length === 0 ? 'It names no platform at all.' : `It exists for ${names.join(', ')}.`;
  return new BerthError('PlatformUnavailable', `The image ${reference} is not available for ${formatPlatform(wanted)}. ${choice}`, { data: { reference, platform: formatPlatform(wanted) } });
}

export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, ...(platform.variant ? [platform.variant] : [])].join('/');
}
