import { SluiceError } from "../core/mod.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Writes the body of a request. In a flexible version, lengths are varints and each structure ends
 * with tagged fields. Spec: Kafka protocol guide, KIP-482.
 */
export class RequestWriter {
  readonly #flexible: boolean;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** Starts an empty body. */
  constructor(flexible: boolean, capacity = 256) {
    this.#flexible = flexible;
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** What was written, not copied. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** INT8. */
  int8(value: number): this {
    const at = this.#room(1);
    this.#view.setInt8(at, value);
    return this;
  }

  /** BOOLEAN. */
  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0);
  }

  /** INT16. */
  int16(value: number): this {
    const at = this.#room(2);
    this.#view.setInt16(at, value);
    return this;
  }

  /** INT32. */
  int32(value: number): this {
    const at = this.#room(4);
    this.#view.setInt32(at, value);
    return this;
  }

  /** INT64. */
  int64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigInt64(at, value);
    return this;
  }

  /** UUID of all zeros: "by name". */
  nullUuid(): this {
    this.#room(16);
    return this;
  }

  /** STRING, NULLABLE_STRING and their compact kinds. */
  string(value: string | null): this {
    if (value === null) return this.#flexible ? this.#unsignedVarint(0) : this.int16(-1);
    const bytes = encoder.encode(value);
    if (this.#flexible) this.#unsignedVarint(bytes.length + 1);
    else this.int16(bytes.length);
    return this.#raw(bytes);
  }

  /** BYTES and COMPACT_BYTES. */
  byteArray(value: Uint8Array): this {
    return this.#size(value.length).#raw(value);
  }

  /** ARRAY and COMPACT_ARRAY. */
  array<T>(items: readonly T[], write: (item: T) => unknown): this {
    this.#size(items.length);
    for (const item of items) write(item);
    return this;
  }

  /** ARRAY and COMPACT_ARRAY of null, which often means "all". */
  nullArray(): this {
    return this.#flexible ? this.#unsignedVarint(0) : this.int32(-1);
  }

  /** The end of a structure: no tagged fields. */
  end(): this {
    return this.#flexible ? this.#unsignedVarint(0) : this;
  }

  #size(length: number): this {
    return this.#flexible ? this.#unsignedVarint(length + 1) : this.int32(length);
  }

  #unsignedVarint(value: number): this {
    let rest = value;
    while (rest >= 0x80) {
      this.int8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return this.int8(rest);
  }

  #raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Where so many bytes more may be written; it may replace array and view. */
  #room(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

/** Reads the body of a response; the mirror of `RequestWriter`. */
export class ResponseReader {
  readonly #flexible: boolean;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** Starts at the first byte after the response header. */
  constructor(bytes: Uint8Array, flexible: boolean) {
    this.#flexible = flexible;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** INT8. */
  int8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  /** BOOLEAN. */
  boolean(): boolean {
    return this.int8() !== 0;
  }

  /** INT16. */
  int16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  /** INT32. */
  int32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** INT64. */
  int64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  /** UUID, as 32 hexadecimal digits in groups. */
  uuid(): string {
    const at = this.#take(16);
    const hex = Array.from(
      this.#bytes.subarray(at, at + 16),
      (byte) => byte.toString(16).padStart(2, "0"),
    ).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  /** STRING or NULLABLE_STRING. */
  string(): string | null {
    const length = this.#flexible ? this.#unsignedVarint() - 1 : this.int16();
    if (length < 0) return null;
    const at = this.#take(length);
    return decoder.decode(this.#bytes.subarray(at, at + length));
  }

  /** BYTES, RECORDS or null, not copied; null reads as no bytes. */
  byteArray(): Uint8Array {
    const length = Math.max(this.#size(), 0);
    const at = this.#take(length);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, length);
  }

  /** ARRAY; a null array reads as an empty one. */
  array<T>(read: () => T): T[] {
    const length = this.#size();
    const items: T[] = [];
    for (let i = 0; i < length; i++) items.push(read());
    return items;
  }

  /** The end of a structure: tagged fields are skipped. */
  end(): void {
    if (!this.#flexible) return;
    for (let tags = this.#unsignedVarint(); tags > 0; tags--) {
      this.#unsignedVarint();
      this.#take(this.#unsignedVarint());
    }
  }

  #size(): number {
    return this.#flexible ? this.#unsignedVarint() - 1 : this.int32();
  }

  #unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#view.getUint8(this.#take(1));
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  }

  #take(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) {
      throw new SluiceError("BAD_RESPONSE", {
        attempted: "read a response from Kafka",
        found: `${this.#bytes.length} bytes`,
        wanted: `at least ${at + size}`,
      });
    }
    this.#at = at + size;
    return at;
  }
}
