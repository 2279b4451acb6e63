/** Reads the zigzag varints of a record, one after the other. Spec: Kafka's message format, "Record". */
export class VarintReader {
  /** What is read. */
  readonly bytes: Uint8Array;
  /** Where the next read begins. */
  at = 0;

  /** Starts at the first byte. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A VARINT, 32 bits. */
  varint(): number {
    const bytes = this.bytes;
    let byte = bytes[this.at++]!;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80 && shift < 35; shift += 7) {
      byte = bytes[this.at++]!;
      value |= (byte & 0x7f) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  /** A VARLONG, 64 bits, as a number: exact up to 2^53. */
  varlong(): number {
    const start = this.at;
    const bytes = this.bytes;
    let byte = bytes[this.at++]!;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
      byte = bytes[this.at++]!;
      value |= (byte & 0x7f) << shift;
    }
    if (byte >= 0x80) return this.#bigVarlong(start);
    return (value >>> 1) ^ -(value & 1);
  }

  #bigVarlong(start: number): number {
    let value = 0n;
    this.at = start;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return Number(BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n)));
  }
}
