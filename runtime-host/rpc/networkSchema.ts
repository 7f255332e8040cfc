import { isIP, isIPv4, isIPv6 } from 'node:net';
import { isAbsolute } from 'node:path';
import { networkNamePattern, networkPolicyModes, portProtocols } from '../protocol/networks.ts';
import { arrayOf, flag, integer, invalid, object, oneOf, optional, recordOf, text, type Check } from './validate.ts';

/* The shapes of protocol/networks.ts; see schemas.ts. */

const name = text({ maxLength: 63, pattern: networkNamePattern, expectation: 'a network’s name: letters, digits, "_", "." and "-", beginning with a letter or a digit' });
const alias = text({ maxLength: 63, pattern: networkNamePattern, expectation: 'a name of letters, digits, "_", "." and "-" that begins with a letter or a digit' });
const label = text({ allowEmpty: true });

/** A text that a function knows. */
const like = (isRight: (text: string) => boolean, expectation: string, maxLength = 256): Check<string> => (value, field) => {
  const checked = text({ maxLength })(value, field);
  return isRight(checked) ? checked : invalid(field, expectation);
};

const isRange = (isAddress: (text: string) => boolean, longest: number) => (value: string): boolean => {
  const [address = '', length = '', ...rest] = value.split('/');
  return rest.length === 0 && isAddress(address) && /^\d{1,3}$/.test(length) && Number(length) <= longest;
};

const address4 = like(isIPv4, 'an IPv4 address');
const address6 = like((value) => isIPv6(value) && !value.includes('%'), 'an IPv6 address');
const address = like((value) => isIP(value) !== 0 && !value.includes('%'), 'an IP address');
const mac = text({ maxLength: 17, pattern: /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i, expectation: 'a hardware address such as 02:42:ac:11:00:02' });
const absolutePath = like((value) => isAbsolute(value), 'an absolute path', 4096);
const guestPath = text({ maxLength: 4096, pattern: /^\//, expectation: 'an absolute path in the container' });
const subnet6 = like(isRange(isIPv6, 128), 'a range of IPv6 addresses such as fd12:3456:789a::/64');

const attachment = object({ network: name, aliases: optional(arrayOf(alias, { max: 64 })), address: optional(address4), address6: optional(address6), mac: optional(mac) });
const port = object({ hostAddress: optional(address), hostPort: integer(0, 65_535), containerPort: integer(1, 65_535), protocol: oneOf(portProtocols) });
const domain = text({ maxLength: 253, pattern: /^[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_.])?$|^\.$/, expectation: 'a domain' });
const resolverOption = text({ maxLength: 64, pattern: /^[a-z0-9:-]+$/i, expectation: 'an option as in resolv.conf' });
const hostName = text({ maxLength: 253, pattern: /^[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_])?$/, expectation: 'a host’s name' });
const hostEntry = object({ name: hostName, address: like((value) => value === 'host-gateway' || isIP(value) !== 0, 'an IP address or host-gateway') });
const variable = text({ allowEmpty: true, maxLength: 4096 });

export const networkPolicy = object({ mode: oneOf(networkPolicyModes), allow: optional(arrayOf(like(isAllowEntry, 'HOST or HOST:PORT: a name, *.name, an address or a CIDR', 300), { max: 1000 })) });

/** Members of a container's specification. */
export const connectionMembers = {
  networks: optional(arrayOf(attachment, { max: 16 })),
  ports: optional(arrayOf(port, { max: 4096 })),
  publishAllPorts: optional(flag),
  sockets: optional(arrayOf(object({ hostPath: absolutePath, containerPath: guestPath }), { max: 64 })),
  policy: optional(networkPolicy),
  resolver: optional(object({ servers: optional(arrayOf(address, { max: 16 })), search: optional(arrayOf(domain, { max: 32 })), options: optional(arrayOf(resolverOption, { max: 32 })), disabled: optional(flag) })),
  extraHosts: optional(arrayOf(hostEntry, { max: 1000 })),
  proxies: optional(recordOf(variable, 32)),
  hostCertificates: optional(flag),
  sshAgent: optional(absolutePath),
};

export const networkCreate = object({
  name,
  subnet: optional(like(isRange(isIPv4, 32), 'a range of IPv4 addresses such as 192.168.90.0/24')),
  subnet6: optional<string | false>((value, field) => (value === false ? value : subnet6(value, field))),
  labels: optional(recordOf(label)),
});
const anyName = text({ maxLength: 128 });
export const networkParams = object({ network: anyName });
export const networkRemove = object({ network: anyName, force: optional(flag) });
export const containerPolicy = object({ container: text({ maxLength: 256 }), policy: networkPolicy });

/** `HOST[:PORT]`; HOST: a name, `*.name`, an address (IPv6 in brackets, or bare without a port) or a CIDR. */
export function isAllowEntry(entry: string): boolean {
  if (isIPv6(entry) || isRange(isIPv6, 128)(entry)) return !entry.includes('%');
  const [, bracketed, plain = '', number] = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  if (number !== undefined && (Number(number) < 1 || Number(number) > 65_535)) return false;
  if (bracketed !== undefined) return !bracketed.includes('%') && (isIPv6(bracketed) || isRange(isIPv6, 128)(bracketed));
  return isIPv4(plain) || isRange(isIPv4, 32)(plain) || isName(plain);
}

/** Names in other scripts are names. With a number at its end it would be an address in some unusual form. */
function isName(host: string): boolean {
  const labels = host.replace(/^\*\./, '').replace(/\.$/, '').split('.');
  return host.length <= 253 && labels.every((each) => /^[\p{L}\p{N}\p{M}_-]{1,63}$/u.test(each)) && !/^(\d+|0x.*)$/i.test(labels.at(-1) ?? '');
}
