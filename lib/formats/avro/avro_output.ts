const encoder = new TextEncoder();

/** Writes Avro's binary encoding. Spec: Apache Avro 1.12, "Binary Encoding". */
export class AvroOutput {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  /** A copy of what was written since the last call. */
  finish(): Uint8Array {
    const written = this.bytes.slice(0, this.length);
    this.length = 0;
    return written;
  }

  /** Writes a boolean. */
  writeBoolean(value: boolean): void {
    this.makeRoom(1);
    this.bytes[this.length++] = value ? 1 : 0;
  }

  /** Writes an int or a long: an integer that a double holds exactly. */
  writeInteger(value: number): void {
    this.writeWords(value | 0, Math.floor(value / 4294967296));
  }

  /** Writes a long. */
  writeBigInt(value: bigint): void {
    this.writeWords(Number(BigInt.asIntN(32, value)), Number(value >> 32n));
  }

  /** Writes a long, given as its low and high 32 bits. */
  writeWords(low: number, high: number): void {
    this.makeRoom(10);
    const sign = high >> 31;
    let zigzagHigh = (((high << 1) | (low >>> 31)) ^ sign) >>> 0;
    let zigzagLow = ((low << 1) ^ sign) >>> 0;
    while (zigzagHigh !== 0 || zigzagLow >= 0x80) {
      this.bytes[this.length++] = (zigzagLow & 0x7f) | 0x80;
      zigzagLow = ((zigzagLow >>> 7) | (zigzagHigh << 25)) >>> 0;
      zigzagHigh >>>= 7;
    }
    this.bytes[this.length++] = zigzagLow;
  }

  /** Writes a float. */
  writeFloat(value: number): void {
    this.makeRoom(4);
    this.view.setFloat32(this.length, value, true);
    this.length += 4;
  }

  /** Writes a double. */
  writeDouble(value: number): void {
    this.makeRoom(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Writes bytes or UTF-8 text, with the length before it. */
  writeBytes(value: Uint8Array): void {
    this.writeInteger(value.length);
    this.writeFixed(value);
  }

  /** Writes text. */
  writeText(value: string): void {
    this.writeBytes(encoder.encode(value));
  }

  /** Writes bytes as they are. */
  writeFixed(value: Uint8Array): void {
    this.makeRoom(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  private makeRoom(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}
