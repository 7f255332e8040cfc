// A QEMU that listens where it is told to and then never says a word: `node silentQemu.mjs QEMU'S ARGUMENTS`.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

const words = process.argv.slice(2);
const pathIn = (pattern) => words.map((word) => pattern.exec(word)?.[1]).find(Boolean);
const sockets = [/^socket,id=control,path=(.*?),server/, /^socket,id=qmp,path=(.*?),server/].map(pathIn);
for (const socket of sockets) {
  const server = createServer((connection) => connection.on('error', () => undefined).resume());
  await new Promise((resolve) => server.listen(socket, resolve));
}
writeFileSync(pathIn(/^file,id=console,append=on,path=(.*)/), '');
