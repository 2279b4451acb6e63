import { Unreadable } from "../unreadable.ts";

/** How the bytes after a tag tell where they end. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 };

/** How deep groups that nobody wants may lie in one another. */
const MAX_GROUP_DEPTH = 100;

const EMPTY = new Uint8Array();

/**
 * Reads Protobuf's binary encoding from a range of bytes. Spec: protobuf.dev, "Encoding". Every
 * method throws `Unreadable` at the end of the range.
 */
export class WireInput {
  /** Where the next read begins. */
  pos = 0;
  /** Where the message ends (exclusive). */
  end = 0;
  private bytes: Uint8Array = EMPTY;
  private view: DataView = new DataView(EMPTY.buffer);
  private low = 0;
  private high = 0;
  readonly #text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  /** Goes to the start of `bytes[start, end)`. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.pos = start;
    this.end = end;
  }

  /** Reads a tag: the number of a field, shifted by three bits, and one of `WIRE`. */
  readTag(): number {
    this.#readVarint();
    if (this.high !== 0 || this.low >>> 3 === 0) throw new Unreadable("found no tag of a field");
    return this.low >>> 0;
  }

  /** Reads a varint and keeps its lowest 32 bits, signed. */
  readInt32(): number {
    this.#readVarint();
    return this.low;
  }

  /** Reads a varint and keeps its lowest 32 bits, unsigned. */
  readUint32(): number {
    return this.readInt32() >>> 0;
  }

  /** Reads a zigzag varint of 32 bits. */
  readSint32(): number {
    const value = this.readInt32();
    return (value >>> 1) ^ -(value & 1);
  }

  /** Reads a varint of 64 bits, signed. */
  readInt64(): bigint {
    return BigInt.asIntN(64, this.readUint64());
  }

  /** Reads a varint of 64 bits, unsigned. */
  readUint64(): bigint {
    this.#readVarint();
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
  }

  /** Reads a zigzag varint of 64 bits. */
  readSint64(): bigint {
    const value = this.readUint64();
    return (value >> 1n) ^ -(value & 1n);
  }

  /** Reads a boolean: a varint that is 0 or not. */
  readBoolean(): boolean {
    this.#readVarint();
    return this.low !== 0 || this.high !== 0;
  }

  /** Reads 32 bits, unsigned. */
  readFixed32(): number {
    return this.view.getUint32(this.#take(4), true);
  }

  /** Reads 32 bits, signed. */
  readSfixed32(): number {
    return this.view.getInt32(this.#take(4), true);
  }

  /** Reads 64 bits, unsigned. */
  readFixed64(): bigint {
    return this.view.getBigUint64(this.#take(8), true);
  }

  /** Reads 64 bits, signed. */
  readSfixed64(): bigint {
    return this.view.getBigInt64(this.#take(8), true);
  }

  /** Reads a float. */
  readFloat(): number {
    return this.view.getFloat32(this.#take(4), true);
  }

  /** Reads a double. */
  readDouble(): number {
    return this.view.getFloat64(this.#take(8), true);
  }

  /** Reads bytes with their length before them; they are not copied. */
  readBytes(): Uint8Array {
    const length = this.#readLength();
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** Reads text with its length before it. */
  readText(): string {
    const bytes = this.readBytes();
    try {
      return this.#text.decode(bytes);
    } catch {
      throw new Unreadable("found bytes, no UTF-8");
    }
  }

  /** Calls `read` until the bytes are used up that have their length here. */
  readAll(read: () => void): void {
    const length = this.#readLength();
    const { end } = this;
    this.end = this.pos + length;
    while (this.pos < this.end) read();
    this.end = end;
  }

  /** Passes over what stands behind a tag. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case WIRE.varint:
        return this.#readVarint();
      case WIRE.fixed64:
        this.#take(8);
        return;
      case WIRE.bytes:
        this.#take(this.#readLength());
        return;
      case WIRE.fixed32:
        this.#take(4);
        return;
      case WIRE.groupStart:
        return this.#skipGroup(tag, depth + 1);
      default:
        throw new Unreadable(`found wire type ${tag & 7} of field ${tag >>> 3}`);
    }
  }

  #skipGroup(start: number, depth: number): void {
    if (depth > MAX_GROUP_DEPTH) throw new Unreadable(`groups deeper than ${MAX_GROUP_DEPTH}`);
    const end = start - WIRE.groupStart + WIRE.groupEnd;
    for (let tag = this.readTag(); tag !== end; tag = this.readTag()) this.skip(tag, depth);
  }

  #readLength(): number {
    this.#readVarint();
    const left = this.end - this.pos;
    if (this.high !== 0 || this.low < 0 || this.low > left) {
      const length = (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
      throw new Unreadable(`found a length of ${length} with ${left} bytes left`);
    }
    return this.low;
  }

  /** Passes over that many bytes; returns where they start. */
  #take(length: number): number {
    const start = this.pos;
    if (length > this.end - start) throw new Unreadable("the bytes end too early");
    this.pos = start + length;
    return start;
  }

  /** Reads a varint of up to 64 bits into `low` and `high`. */
  #readVarint(): void {
    this.low = 0;
    this.high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.bytes[this.#take(1)]!;
      const bits = byte & 0x7f;
      if (shift < 32) this.low |= bits << shift;
      if (shift === 28) this.high = bits >>> 4;
      else if (shift > 28) this.high |= bits << (shift - 32);
      if (byte < 0x80) return;
    }
    throw new Unreadable("found a varint of more than ten bytes");
  }
}
