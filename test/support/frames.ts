/** Ethernet frames as a hostile guest would write them: every field may lie. Checksums are right unless nothing looks at them. */
export interface Lies {
  readonly destinationMac: string;
  readonly sourceMac: string;
  readonly source: string;
  readonly destination: string;
  readonly payload: string;
  readonly port?: number;
  /** In IPv4's word of flags and fragment offset. */
  readonly fragment?: number;
}

const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');
const ipBytes = (address: string): Buffer => Buffer.from(address.split('.').map(Number));

/** A UDP datagram in IPv4 (RFC 768, RFC 791); UDP's checksum is left out, as it may be. */
export function udpFrame({ destinationMac, sourceMac, source, destination, payload, port = 7000, fragment = 0 }: Lies): string {
  const data = Buffer.from(payload);
  const udp = Buffer.alloc(8);
  [40_000, port, Math.min(8 + data.length, 0xffff), 0].forEach((word, index) => udp.writeUInt16BE(word, 2 * index));
  const ip = Buffer.alloc(20);
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(Math.min(28 + data.length, 0xffff), 2);
  ip.writeUInt16BE(fragment, 6);
  ip.writeUInt8(64, 8);
  ip.writeUInt8(17, 9);
  Buffer.concat([ipBytes(source), ipBytes(destination)]).copy(ip, 12);
  ip.writeUInt16BE(checksum(ip), 10);
  return frame(destinationMac, sourceMac, 0x0800, Buffer.concat([ip, udp, data]));
}

/** An ARP answer that says who has an address (RFC 826), with a text behind it. */
export function arpFrame(destinationMac: string, sourceMac: string, claimedMac: string, claimedAddress: string, payload: string): string {
  const header = Buffer.from('0001080006040002', 'hex');
  return frame(destinationMac, sourceMac, 0x0806, Buffer.concat([header, macBytes(claimedMac), ipBytes(claimedAddress), macBytes(destinationMac), ipBytes('0.0.0.0'), Buffer.from(payload)]));
}

export function frame(destinationMac: string, sourceMac: string, type: number, content: Uint8Array): string {
  return Buffer.concat([macBytes(destinationMac), macBytes(sourceMac), Buffer.from([type >> 8, type & 0xff]), content]).toString('hex');
}

/** RFC 1071. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset < header.length; offset += 2) sum += header.readUInt16BE(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
