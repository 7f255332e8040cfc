import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { decompress } from './decompress.ts';
import { ZstdFrames } from './zstdFrames.ts';

async function inflate(blob: Buffer, signal = new AbortController().signal): Promise<{ content: Buffer; read: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-'));
  try {
    const path = join(directory, 'blob');
    writeFileSync(path, blob);
    const pieces: Buffer[] = [];
    let read = 0;
    for await (const piece of decompress(path, signal, (bytes) => { read = bytes; })) pieces.push(piece);
    return { content: Buffer.concat(pieces), read };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const parts = Array.from({ length: 300 }, (_, index) => randomBytes(1 + ((index * 7919) % 5000)));
const content = Buffer.concat(parts);
const forms: Readonly<Record<string, Buffer>> = {
  'not compressed': content,
  gzip: gzipSync(content),
  'gzip, many members': Buffer.concat(parts.map((part) => gzipSync(part))),
  zstd: zstdCompressSync(content),
  'zstd, many frames': Buffer.concat(parts.map((part) => zstdCompressSync(part))),
  'zstd, many frames with checksums': Buffer.concat(parts.map((part) => zstdCompressSync(part, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }))),
  'zstd, long runs': Buffer.concat([zstdCompressSync(Buffer.alloc(5_000_000, 'a')), zstdCompressSync(Buffer.alloc(0)), zstdCompressSync(Buffer.from('b'))]),
};

for (const [form, blob] of Object.entries(forms)) {
  test(`content comes back: ${form}`, async () => {
    const found = await inflate(blob);
    const expected = form === 'zstd, long runs' ? Buffer.concat([Buffer.alloc(5_000_000, 'a'), Buffer.from('b')]) : content;
    assert.ok(found.content.equals(expected));
    assert.ok(found.read > 0 && found.read <= blob.length);
  });
}

test('zstd is cut after each frame, wherever its pieces end', () => {
  const blob = forms['zstd, many frames with checksums']!;
  for (const size of [1, 3, 4096, blob.length]) {
    const frames = new ZstdFrames();
    const cut: Buffer[] = [];
    for (let offset = 0; offset < blob.length; offset += size) cut.push(...frames.cut(blob.subarray(offset, offset + size)));
    assert.ok(Buffer.concat(cut).equals(blob));
    if (size === blob.length) assert.equal(cut.length, parts.length);
  }
});

test('what follows a frame must be another one', () => {
  assert.throws(() => [...new ZstdFrames().cut(Buffer.concat([zstdCompressSync(content), Buffer.from('more')]))], { code: 'LayerInvalid' });
});

test('stops when it is told to', async () => {
  const abort = new AbortController();
  abort.abort();
  for (const form of ['gzip', 'zstd', 'not compressed']) await assert.rejects(inflate(forms[form]!, abort.signal), { name: 'AbortError' });
});
