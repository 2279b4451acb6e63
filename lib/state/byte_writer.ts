const FIRST_CAPACITY = 256;

/** Bytes that grow, in one buffer that is used again and again. Numbers are big-endian. */
export class ByteWriter {
  /** How many bytes were written. */
  length = 0;
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #view = new DataView(this.#bytes.buffer);

  /** What was written since, in bytes of its own; the writer is then empty. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  /** What was written from `start` on, not copied. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.length);
  }

  /** Writes a byte. */
  byte(value: number): void {
    this.reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** Writes 16 bits. */
  int16(value: number): void {
    this.reserve(2);
    this.#view.setInt16(this.length, value);
    this.length += 2;
  }

  /** Writes 32 bits. */
  int32(value: number): void {
    this.reserve(4);
    this.#view.setInt32(this.length, value);
    this.length += 4;
  }

  /** Writes 64 bits. */
  int64(value: bigint): void {
    this.reserve(8);
    this.#view.setBigInt64(this.length, value);
    this.length += 8;
  }

  /** Writes a float. */
  float32(value: number): void {
    this.reserve(4);
    this.#view.setFloat32(this.length, value);
    this.length += 4;
  }

  /** Writes a double. */
  float64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value);
    this.length += 8;
  }

  /** Writes a count: 7 bits a byte, the low ones first, the highest bit set in all but the last byte. */
  count(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.byte(rest & 127 | 128);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Writes `source[start, end)`. */
  range(source: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    const bytes = this.#bytes;
    // A loop beats `set(subarray())` for the short strings that most columns hold.
    if (end - start <= 32) {
      for (let from = start, to = this.length; from < end; from++, to++) bytes[to] = source[from]!;
    } else {
      bytes.set(source.subarray(start, end), this.length);
    }
    this.length += end - start;
  }

  /** Writes that many zeros and returns where they are, for `setBit`. */
  zeros(count: number): number {
    this.reserve(count);
    const at = this.length;
    this.#bytes.fill(0, at, at + count);
    this.length += count;
    return at;
  }

  /** Sets a bit of the bytes from `at` on. */
  setBit(at: number, bit: number): void {
    this.#bytes[at + (bit >> 3)]! |= 1 << (bit & 7);
  }

  /** Takes back what was written from `length` on. */
  truncate(length: number): void {
    this.length = length;
  }

  /** Makes room for that many more bytes. */
  private reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.length + more, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
