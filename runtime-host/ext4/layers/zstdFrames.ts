import { layerInvalid } from './tarHeader.ts';

/*
 * Where the frames of a zstd file end (RFC 8878, section 3.1). A file may have many of them, one for each file of a layer
 * for instance; a decoder that is given the end of one frame together with the beginning of the next takes only the first.
 *
 *   frame      magic FD2FB528(4)  descriptor(1)  window, dictionary, content size  block…  [checksum(4)]
 *   block      header(3): bit 0 last, bits 1–2 type, bits 3–23 size   content (one byte for type 1, repeated)
 *   skippable  magic 184D2A50 to 184D2A5F(4)  size(4)  content, which means nothing here
 */

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

export function isZstdMagic(magic: number): boolean {
  return magic === frameMagic || (magic & 0xfffffff0) >>> 0 === skippableMagic;
}

type Field = 'magic' | 'skippableSize' | 'descriptor' | 'blockHeader';
const fieldSizes: Readonly<Record<Field, number>> = { magic: 4, skippableSize: 4, descriptor: 1, blockHeader: 3 };

/** Cuts a zstd file that arrives in pieces after each of its frames. */
export class ZstdFrames {
  /** The field that is being collected, and what has come of it. */
  #field: Field = 'magic';
  readonly #bytes = Buffer.alloc(4);
  #filled = 0;
  /** Bytes before that field that are of no interest. */
  #skip = 0;
  #hasChecksum = false;

  /**
   * The piece as parts, of which each but the last ends with a frame.
   * @throws BerthError LayerInvalid when something else than a frame follows.
   */
  *cut(piece: Buffer): Generator<Buffer> {
    let start = 0;
    for (let offset = 0; offset < piece.length; ) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, piece.length - offset);
        this.#skip -= skipped;
        offset += skipped;
      } else {
        this.#bytes[this.#filled++] = piece[offset++]!;
        if (this.#filled === fieldSizes[this.#field]) this.#take();
      }
      if (this.#atEnd()) {
        yield piece.subarray(start, offset);
        start = offset;
      }
    }
    if (start < piece.length) yield piece.subarray(start);
  }

  /** True between two frames. */
  #atEnd(): boolean {
    return this.#field === 'magic' && this.#filled === 0 && this.#skip === 0;
  }

  #take(): void {
    this.#filled = 0;
    switch (this.#field) {
      case 'magic': {
        const magic = this.#bytes.readUInt32LE(0);
        if (!isZstdMagic(magic)) throw layerInvalid('something follows after its compressed data');
        this.#field = magic === frameMagic ? 'descriptor' : 'skippableSize';
        break;
      }
      case 'skippableSize':
        this.#field = 'magic';
        this.#skip = this.#bytes.readUInt32LE(0);
        break;
      case 'descriptor':
        this.#takeDescriptor(this.#bytes[0]!);
        break;
      case 'blockHeader':
        this.#takeBlock(this.#bytes.readUIntLE(0, 3));
        break;
    }
  }

  #takeDescriptor(descriptor: number): void {
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6]!;
    const dictionary = [0, 1, 2, 4][descriptor & 3]!;
    this.#hasChecksum = (descriptor & 4) !== 0;
    this.#skip = (isSingleSegment ? 0 : 1) + dictionary + contentSize;
    this.#field = 'blockHeader';
  }

  #takeBlock(header: number): void {
    const isLast = (header & 1) !== 0;
    const isRepeated = ((header >>> 1) & 3) === 1;
    this.#skip = (isRepeated ? 1 : header >>> 3) + (isLast && this.#hasChecksum ? 4 : 0);
    this.#field = isLast ? 'magic' : 'blockHeader';
  }
}
