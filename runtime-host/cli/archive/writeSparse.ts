import { open, type FileHandle } from 'node:fs/promises';

const blockBytes = 4096;
const zeros = Buffer.alloc(blockBytes);

/** Writes a new file. Blocks of zeros stay holes. @param finish what else is to be done to it */
export async function writeSparse(path: string, content: AsyncIterable<Uint8Array>, size: number, finish: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    let offset = 0;
    for await (const chunk of content) {
      await writeData(file, chunk, offset);
      offset += chunk.length;
    }
    await file.truncate(size);
    await finish(file);
  } finally {
    await file.close();
  }
}

async function writeData(file: FileHandle, chunk: Uint8Array, offset: number): Promise<void> {
  for (let start = 0; start < chunk.length;) {
    const hole = isHole(chunk, start);
    let end = start;
    while (end < chunk.length && isHole(chunk, end) === hole) end = Math.min(end + blockBytes, chunk.length);
    for (let at = start; !hole && at < end;) at += (await file.write(chunk, at, end - at, offset + at)).bytesWritten;
    start = end;
  }
}

function isHole(chunk: Uint8Array, at: number): boolean {
  const length = Math.min(blockBytes, chunk.length - at);
  return zeros.compare(chunk, at, at + length, 0, length) === 0;
}
