import { defaultNetwork, type NetworkAttachment } from '../../protocol/networks.ts';
import type { NetworkValue } from '../../protocol/values/networkValues.ts';
import { Exit, ExitStatus } from '../cliError.ts';

/** What concerns the first network, and is written apart from it. */
export interface FirstNetworkOptions {
  readonly ip?: string | undefined;
  readonly ip6?: string | undefined;
  readonly macAddress?: string | undefined;
  readonly networkAlias?: readonly string[] | undefined;
}

/**
 * All networks together. What is written apart from them is for the first one, or for the default network when none is named.
 * @throws Exit when they do not fit together
 */
export function networksOf(values: readonly NetworkValue[] | undefined, apart: FirstNetworkOptions): NetworkAttachment[] | undefined {
  const attachments = (values ?? []).filter((value) => value !== 'none');
  const further = Object.values(apart).some((value) => value !== undefined);
  if (values?.includes('none')) {
    if (attachments.length > 0) throw new Exit(ExitStatus.wrongOption, 'A container has either networks or “--network none”. Leave one of the two out.');
    if (further) throw new Exit(ExitStatus.wrongOption, 'A container without a network has no address and no names in it. Leave “--network none” or the others out.');
    return [];
  }
  const twice = attachments.find(({ network }, index) => attachments.findIndex((other) => other.network === network) !== index);
  if (twice) throw new Exit(ExitStatus.wrongOption, `The network “${twice.network}” is named twice. Write all about it in one --network ${twice.network},alias=…`);
  if (!further) return values && attachments;
  const [first = { network: defaultNetwork }, ...rest] = attachments;
  return [merged(first, apart), ...rest];
}

function merged(first: NetworkAttachment, { ip, ip6, macAddress, networkAlias }: FirstNetworkOptions): NetworkAttachment {
  for (const [option, apart, within] of [['--ip', ip, first.address], ['--ip6', ip6, first.address6], ['--mac-address', macAddress, first.mac]]) {
    if (apart !== undefined && within !== undefined) throw new Exit(ExitStatus.wrongOption, `${option} and --network ${first.network},… give two addresses of one kind. Leave one out.`);
  }
  const aliases = [...(first.aliases ?? []), ...(networkAlias ?? [])];
  return { ...first, ...(ip !== undefined && { address: ip }), ...(ip6 !== undefined && { address6: ip6 }), ...(macAddress !== undefined && { mac: macAddress }), ...(aliases.length > 0 && { aliases }) };
}
