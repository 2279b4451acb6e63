/** Reads what `ByteWriter` wrote. It throws a `RangeError` where the bytes end too early. */
export class ByteReader {
  /** The bytes that are read. */
  readonly bytes: Uint8Array;
  /** Where the next value starts. */
  at: number;
  readonly #view: DataView;

  /** Begins at a place in the bytes. */
  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads a byte. */
  byte(): number {
    return this.#view.getUint8(this.at++);
  }

  /** Reads 16 bits without a sign. */
  uint16(): number {
    this.at += 2;
    return this.#view.getUint16(this.at - 2);
  }

  /** Reads 32 bits with a sign. */
  int32(): number {
    this.at += 4;
    return this.#view.getInt32(this.at - 4);
  }

  /** Reads 64 bits with a sign. */
  int64(): bigint {
    this.at += 8;
    return this.#view.getBigInt64(this.at - 8);
  }

  /** Reads a float. */
  float32(): number {
    this.at += 4;
    return this.#view.getFloat32(this.at - 4);
  }

  /** Reads a double. */
  float64(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8);
  }

  /** Reads a count. */
  count(): number {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw new RangeError("a count has more than 5 bytes");
  }

  /** Goes over that many bytes and returns where they are. */
  skip(count: number): number {
    const at = this.at;
    if (at + count > this.bytes.length) {
      throw new RangeError("the bytes end too early");
    }
    this.at = at + count;
    return at;
  }

  /** A bit of the bytes from `at` on. */
  hasBit(at: number, bit: number): boolean {
    return (this.bytes[at + (bit >> 3)]! >> (bit & 7) & 1) === 1;
  }
}
