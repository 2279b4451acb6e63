/** A column's or field's schema in WebAssembly memory: `struct ArrowSchema` of Arrow's C data interface. */
export interface ArrowField {
  /** The type as the C data interface spells it: `l`, `tsu:UTC`, `d:18,8`, `+s`. */
  readonly format: string;
  readonly name: string;
  readonly nullable: boolean;
  readonly children: readonly ArrowField[];
  /** The id that the Parquet file gives the field; absent if it gives none. */
  readonly fieldId?: number;
}

/** An array in WebAssembly memory: `struct ArrowArray` of Arrow's C data interface. */
export interface ArrowArray {
  readonly length: number;
  /** Where the array begins in its buffers, in rows. */
  readonly offset: number;
  /** Addresses; 0 where there is none. */
  readonly buffers: readonly number[];
  readonly children: readonly ArrowArray[];
}

/** Consecutive rows of an Arrow array; `start` counts from the beginning of its buffers. */
export interface ArrowRun {
  readonly array: ArrowArray;
  readonly start: number;
  readonly length: number;
}

/** The key of an Arrow field's metadata that holds the id of the Parquet field. */
export const FIELD_ID = "PARQUET:field_id";

const NULLABLE = 2n;
const utf8 = new TextDecoder();

/** Reads the structs of Arrow's C data interface as a 32-bit module lays them out. */
export class ArrowMemory {
  /** All of the module's memory. */
  readonly buffer: ArrayBuffer;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  /** Looks at memory as it is now; it must not grow while this is in use. */
  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.#view = new DataView(buffer);
    this.#bytes = new Uint8Array(buffer);
  }

  /** The schema at an address. */
  field(address: number): ArrowField {
    const fieldId = this.#fieldId(this.#pointer(address + 8));
    return {
      ...(fieldId === undefined ? {} : { fieldId }),
      format: this.#text(this.#pointer(address)),
      name: this.#text(this.#pointer(address + 4)),
      nullable: (this.#view.getBigInt64(address + 16, true) & NULLABLE) !== 0n,
      children: this.#pointers(this.#pointer(address + 32), this.#integer(address + 24))
        .map((child) => this.field(child)),
    };
  }

  /** The array at an address. */
  array(address: number): ArrowArray {
    return {
      length: this.#integer(address),
      offset: this.#integer(address + 16),
      buffers: this.#pointers(this.#pointer(address + 40), this.#integer(address + 24)),
      children: this.#pointers(this.#pointer(address + 44), this.#integer(address + 32))
        .map((child) => this.array(child)),
    };
  }

  /** The bit of that index in the bitmap at an address, 0 or 1. */
  bit(bitmap: number, index: number): number {
    return this.#bytes[bitmap + (index >> 3)]! >> (index & 7) & 1;
  }

  /** 64-bit integers from index `start` on of the array at an address, not copied. */
  int64s(address: number, start: number, length: number): BigInt64Array {
    return length === 0
      ? new BigInt64Array(0)
      : new BigInt64Array(this.buffer, address + start * 8, length);
  }

  /** Where rows from `start` on begin and the last ends: `length + 1` offsets, not copied. */
  offsets(address: number, start: number, length: number): Int32Array {
    return length === 0
      ? new Int32Array(1)
      : new Int32Array(this.buffer, address + start * 4, length + 1);
  }

  /** Bytes at an address, not copied. */
  bytes(address: number, length: number): Uint8Array {
    return this.#bytes.subarray(address, address + length);
  }

  #pointer(address: number): number {
    return this.#view.getUint32(address, true);
  }

  #int32(address: number): number {
    return this.#view.getInt32(address, true);
  }

  #integer(address: number): number {
    return Number(this.#view.getBigInt64(address, true));
  }

  #pointers(address: number, count: number): number[] {
    return Array.from({ length: count }, (_, i) => this.#pointer(address + i * 4));
  }

  /** Metadata is a count, then for each entry the lengths and bytes of key and value. */
  #fieldId(metadata: number): number | undefined {
    if (metadata === 0) return undefined;
    let at = metadata + 4;
    const next = () => {
      const length = this.#int32(at);
      const text = utf8.decode(this.bytes(at + 4, length));
      at += 4 + length;
      return text;
    };
    for (let i = this.#int32(metadata); i > 0; i--) {
      const [key, value] = [next(), next()];
      if (key === FIELD_ID) return Number(value);
    }
    return undefined;
  }

  #text(address: number): string {
    return address === 0
      ? ""
      : utf8.decode(this.#bytes.subarray(address, this.#bytes.indexOf(0, address)));
  }
}
