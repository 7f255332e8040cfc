import { parseDns, parseDnsSearch } from '../protocol/values/hostValues.ts';
import { parseNetwork } from '../protocol/values/networkValues.ts';
import { BerthError } from '../protocol/errors.ts';
import { networkPolicyModes, type NetworkAttachment, type NetworkPolicy, type ResolverOptions } from '../protocol/networks.ts';

/** `customizations.berth.network` of devcontainer.json (shapes.ts). */
export interface NetworkCustomization {
  readonly policy?: NetworkPolicy;
  /** None when empty. */
  readonly networks?: readonly NetworkAttachment[];
  readonly resolver?: ResolverOptions;
  readonly ssh?: boolean;
  readonly proxies?: boolean;
  readonly certificates?: boolean;
}

const known = ['policy', 'allow', 'networks', 'dns', 'dnsSearch', 'ssh', 'proxies', 'certificates'];
const where = 'customizations.berth.network';

/** @throws BerthError DevContainerInvalid */
export function readNetworkCustomization(root: Readonly<Record<string, unknown>>, file: string): NetworkCustomization {
  const wrong = (property: string, wanted: string): BerthError => new BerthError('DevContainerInvalid', `“${property}” in ${file} must be ${wanted}.`);
  const objectAt = (value: unknown, property: string): Record<string, unknown> => {
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) throw wrong(property, 'an object');
    return value as Record<string, unknown>;
  };
  const customizations = objectAt(root['customizations'], 'customizations');
  const berth = objectAt(customizations['berth'], 'customizations.berth');
  const network = objectAt(berth['network'], where);
  const unknown = Object.keys(network).find((name) => !known.includes(name));
  // A policy that is misspelt must not be an open one.
  if (unknown !== undefined) throw new BerthError('DevContainerInvalid', `“${where}” in ${file} has no property “${unknown}”. It has ${known.join(', ')}.`);
  const texts = (name: string): string[] | undefined => {
    const value = network[name];
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.some((entry) => typeof entry !== 'string')) throw wrong(`${where}.${name}`, 'a list of texts');
    return value as string[];
  };
  const flag = (name: string): boolean | undefined => {
    const value = network[name];
    if (value !== undefined && typeof value !== 'boolean') throw wrong(`${where}.${name}`, 'true or false');
    return value;
  };
  const parsed = <T>(name: string, parse: (text: string) => T): T[] | undefined => texts(name)?.map((text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new BerthError('DevContainerInvalid', `“${where}.${name}” in ${file} has the entry “${text}”. ${(error as Error).message}`);
    }
  });
  const policy = policyOf(network['policy'], texts('allow'), (wanted) => wrong(`${where}.policy`, wanted));
  const networks = parsed('networks', parseNetwork);
  const servers = parsed('dns', parseDns);
  const search = parsed('dnsSearch', parseDnsSearch);
  const [ssh, proxies, certificates] = [flag('ssh'), flag('proxies'), flag('certificates')];
  return {
    ...(policy && { policy }),
    ...(networks && { networks: networks.filter((entry) => entry !== 'none') }),
    ...((servers || search) && { resolver: { ...(servers && { servers }), ...(search && { search }) } }),
    ...(ssh !== undefined && { ssh }),
    ...(proxies !== undefined && { proxies }),
    ...(certificates !== undefined && { certificates }),
  };
}

/** A list alone adds to what an open policy allows, as `--allow` does. */
function policyOf(value: unknown, allow: readonly string[] | undefined, wrong: (wanted: string) => BerthError): NetworkPolicy | undefined {
  const mode = networkPolicyModes.find((one) => one === value);
  if (value !== undefined && !mode) throw wrong(`one of ${networkPolicyModes.join(', ')}`);
  if (!mode && !allow) return undefined;
  return { mode: mode ?? 'open', ...(allow && { allow }) };
}
