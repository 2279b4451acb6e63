import { Unreadable } from "../unreadable.ts";

const EMPTY = new Uint8Array();

/**
 * Reads Avro's binary encoding from a range of bytes. Spec: Apache Avro 1.12, "Binary Encoding".
 * Every method throws `Unreadable` at the end of the range.
 */
export class AvroInput {
  /** What is read. */
  bytes: Uint8Array = EMPTY;
  /** Where the next read begins. */
  pos = 0;
  /** Where the record ends (exclusive). */
  end = 0;
  /** The low word of the last long. */
  low = 0;
  /** The high word of the last long. */
  high = 0;
  private view: DataView = new DataView(EMPTY.buffer);

  /** Goes to the start of `bytes[start, end)`. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.pos = start;
    this.end = end;
  }

  /** Reads a long, a zigzag varint of up to 64 bits, into `low` and `high`. No BigInt is made. */
  readLong(): void {
    const bytes = this.bytes;
    let pos = this.pos;
    let byte = bytes[pos++]!;
    let low = byte & 0x7f;
    let high = 0;
    if (byte >= 0x80) {
      for (let shift = 7; shift < 28 && byte >= 0x80; shift += 7) {
        byte = bytes[pos++]!;
        low |= (byte & 0x7f) << shift;
      }
      if (byte >= 0x80) {
        byte = bytes[pos++]!;
        low |= (byte & 0x7f) << 28;
        high = (byte & 0x7f) >>> 4;
        for (let shift = 3; shift < 32 && byte >= 0x80; shift += 7) {
          byte = bytes[pos++]!;
          high |= (byte & 0x7f) << shift;
        }
        // The tenth byte holds the 64th bit alone.
        if (byte >= 0x80 || (pos - this.pos === 10 && byte > 1)) {
          throw new Unreadable(pos > this.end ? "the bytes end too early" : "no 64-bit number");
        }
      }
    }
    if (pos > this.end) throw new Unreadable("the bytes end too early");
    this.pos = pos;
    const sign = -(low & 1);
    this.low = ((low >>> 1) | (high << 31)) ^ sign;
    this.high = (high >>> 1) ^ sign;
  }

  /** Reads an int, a zigzag varint of up to 32 bits. */
  readInt(): number {
    this.readLong();
    if (this.high !== this.low >> 31) throw new Unreadable("no 32-bit number");
    return this.low;
  }

  /** The last long as a double: exact up to 2^53. */
  lastAsNumber(): number {
    return this.high * 4294967296 + (this.low >>> 0);
  }

  /** The last long. */
  lastAsBigInt(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low >>> 0);
  }

  /** Reads the length of bytes or text, and checks that they are there. */
  readLength(): number {
    this.readLong();
    const length = this.low;
    if (this.high !== 0 || length < 0 || length > this.end - this.pos) {
      throw new Unreadable(
        `found a length of ${this.lastAsBigInt()} with ${this.end - this.pos} bytes left`,
      );
    }
    return length;
  }

  /** Passes over that many bytes; returns where they start. */
  take(length: number): number {
    const start = this.pos;
    if (length > this.end - start) throw new Unreadable("the bytes end too early");
    this.pos = start + length;
    return start;
  }

  /** Reads a boolean: one byte, 0 or 1. */
  readBoolean(): boolean {
    const byte = this.bytes[this.take(1)]!;
    if (byte > 1) throw new Unreadable(`found ${byte}, wanted 0 or 1 for a boolean`);
    return byte === 1;
  }

  /** Reads a float. */
  readFloat(): number {
    return this.view.getFloat32(this.take(4), true);
  }

  /** Reads a double. */
  readDouble(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  /** Reads the place of a branch in a union, or of a symbol in an enum. */
  readIndex(count: number): number {
    const index = this.readInt();
    if (index < 0 || index >= count) throw new Unreadable(`found choice ${index} of ${count}`);
    return index;
  }

  /**
   * Reads how many items the next block of an array or map has; 0 after the last. More items than
   * bytes are refused: without that, a few bytes could ask for work without end.
   */
  readBlockCount(): number {
    this.readLong();
    let count = this.lastAsNumber();
    if (count < 0) {
      count = -count;
      this.readLong(); // the size of the block in bytes, for those who skip it
    }
    if (count > this.end - this.pos) {
      throw new Unreadable(`found a block of ${count} items in ${this.end - this.pos} bytes`);
    }
    return count;
  }
}
