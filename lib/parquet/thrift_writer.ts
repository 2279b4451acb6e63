import { GrowingBytes } from "./growing_bytes.ts";
import type { ThriftStruct, ThriftValue } from "./thrift_struct.ts";

const TYPES = { i8: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, struct: 12 } as const;
const TRUE = 1;
const FALSE = 2;
const STOP = 0;
const MAX_SHORT_COUNT = 14;
const MAX_SHORT_STEP = 15;

/** A struct in Thrift's compact protocol. */
export function writeThrift(struct: ThriftStruct): Uint8Array {
  return new ThriftWriter().finish(struct);
}

class ThriftWriter {
  readonly #out = new GrowingBytes();

  finish(struct: ThriftStruct): Uint8Array {
    this.#struct(struct);
    return this.#out.written();
  }

  #struct({ fields }: ThriftStruct): void {
    let last = 0;
    for (const [id, value] of [...fields].sort(([a], [b]) => a - b)) {
      const step = id - last;
      const type = typeOf(value);
      if (step >= 1 && step <= MAX_SHORT_STEP) {
        this.#byte(step << 4 | type);
      } else {
        this.#byte(type);
        this.#zigzag(id);
      }
      if (value.kind !== "boolean") this.#value(value);
      last = id;
    }
    this.#byte(STOP);
  }

  #value(value: ThriftValue): void {
    switch (value.kind) {
      case "boolean":
        return this.#byte(value.value ? TRUE : FALSE);
      case "i8":
        return this.#byte(value.value & 255);
      case "i16":
      case "i32":
      case "i64":
        return this.#zigzag(value.value);
      case "double": {
        const at = this.#out.reserve(8);
        return this.#out.view.setFloat64(at, value.value, true);
      }
      case "binary": {
        this.#varint(value.value.length);
        const at = this.#out.reserve(value.value.length);
        return this.#out.bytes.set(value.value, at);
      }
      case "list":
        return this.#list(value.items);
      case "struct":
        return this.#struct(value.value);
    }
  }

  #list(items: readonly ThriftValue[]): void {
    const type = items[0] === undefined ? TYPES.struct : typeOf(items[0]);
    if (items.length <= MAX_SHORT_COUNT) {
      this.#byte(items.length << 4 | type);
    } else {
      this.#byte(0xf0 | type);
      this.#varint(items.length);
    }
    for (const item of items) this.#value(item);
  }

  #zigzag(value: number): void {
    this.#varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  #varint(value: number): void {
    for (; value >= 128; value = Math.floor(value / 128)) this.#byte(value % 128 | 128);
    this.#byte(value);
  }

  #byte(value: number): void {
    const at = this.#out.reserve(1);
    this.#out.bytes[at] = value;
  }
}

function typeOf(value: ThriftValue): number {
  if (value.kind === "boolean") return value.value ? TRUE : FALSE;
  return TYPES[value.kind];
}
