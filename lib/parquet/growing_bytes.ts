/** Bytes that grow at their end, to be written in any order. */
export class GrowingBytes {
  /** Room for all, of which the first `length` count; another array once they have grown. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  /** A view of the same. */
  view: DataView = new DataView(this.bytes.buffer);
  /** How many bytes there are. */
  length = 0;

  /** Adds bytes of zero and returns where they begin. */
  reserve(size: number): number {
    const start = this.length;
    this.length += size;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return start;
  }

  /** Those that there are. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }
}
