/*
 * nameServer.ts ADDRESS NAMES: answers questions for IPv4 addresses at port 53 over UDP with what the JSON object NAMES has,
 * and everything else with “no such name”. Prints “ready”, and the name that each question is about (RFC 1035, section 4.1).
 */
import { createSocket } from 'node:dgram';

const [address, names] = [process.argv[2]!, JSON.parse(process.argv[3]!) as Record<string, string>];
const headerBytes = 12;
const typeA = 1;

/** The first question: its name, its type, and where it ends. */
function questionOf(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let offset = headerBytes;
  for (let length = message[offset++]!; length > 0; length = message[offset++]!) {
    labels.push(message.toString('latin1', offset, offset + length));
    offset += length;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(offset), end: offset + 4 };
}

function answer(message: Buffer): Buffer {
  const { name, type, end } = questionOf(message);
  console.log(name);
  const known = names[name];
  const response = Buffer.from(message.subarray(0, end));
  const records = known !== undefined && type === typeA ? 1 : 0;
  response.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2);
  [1, records, 0, 0].forEach((count, index) => response.writeUInt16BE(count, 4 + 2 * index));
  if (records === 0) return response;
  const ttl = 60;
  return Buffer.concat([response, Buffer.from([0xc0, headerBytes, 0, typeA, 0, 1, 0, 0, 0, ttl, 0, 4, ...known!.split('.').map(Number)])]);
}

const socket = createSocket('udp4');
socket.on('message', (message, { port, address: client }) => socket.send(answer(message), port, client));
socket.bind(53, address, () => console.log('ready'));
