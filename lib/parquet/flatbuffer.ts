import { GrowingBytes } from "./growing_bytes.ts";

/** A value in a FlatBuffers table, by its width. */
export type FlatValue =
  | { readonly kind: "int8" | "int16" | "int32" | "int64"; readonly value: number }
  | { readonly kind: "reference"; readonly to: FlatNode };

/** What a FlatBuffers message is made of. A table's slots go by field number; absent ones are `undefined`. */
export type FlatNode =
  | { readonly kind: "table"; readonly slots: readonly (FlatValue | undefined)[] }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "references"; readonly items: readonly FlatNode[] }
  | { readonly kind: "int64Pairs"; readonly pairs: readonly (readonly [number, number])[] };

const SIZES = { int8: 1, int16: 2, int32: 4, int64: 8, reference: 4 } as const;

/** The bytes of a FlatBuffers message with this root table, padded to a multiple of eight. */
export function flatBuffer(root: FlatNode): Uint8Array {
  return new FlatBufferWriter().finish(root);
}

/**
 * Writes front to back: offsets in FlatBuffers point forward, so a node is written before those it
 * refers to, and its offsets are filled in as these get their places.
 */
class FlatBufferWriter {
  readonly #out = new GrowingBytes();

  finish(root: FlatNode): Uint8Array {
    this.#out.reserve(4);
    this.#refer(0, root);
    this.#align(8, 0);
    return this.#out.written();
  }

  #refer(slot: number, node: FlatNode): void {
    const position = this.#write(node);
    this.#out.view.setUint32(slot, position - slot, true);
  }

  #write(node: FlatNode): number {
    switch (node.kind) {
      case "table":
        return this.#writeTable(node.slots);
      case "string":
        return this.#writeString(node.text);
      case "references":
        return this.#writeReferences(node.items);
      case "int64Pairs":
        return this.#writePairs(node.pairs);
    }
  }

  #writeTable(slots: readonly (FlatValue | undefined)[]): number {
    // Fields by falling size, behind the 4 bytes that point to the vtable: each is then aligned.
    const present = slots.flatMap((value, slot) => value === undefined ? [] : [{ slot, value }])
      .sort((a, b) => SIZES[b.value.kind] - SIZES[a.value.kind]);
    const vtableSize = 4 + slots.length * 2;
    this.#align(2, 0);
    const vtable = this.#out.reserve(vtableSize);
    this.#align(8, 4);
    const table = this.#out.reserve(4);
    this.#out.view.setInt32(table, table - vtable, true);
    const references: [slot: number, node: FlatNode][] = [];
    for (const { slot, value } of present) {
      const field = this.#out.reserve(SIZES[value.kind]);
      this.#out.view.setUint16(vtable + 4 + slot * 2, field - table, true);
      if (value.kind === "reference") references.push([field, value.to]);
      else this.#writeInteger(field, value.kind, value.value);
    }
    this.#out.view.setUint16(vtable, vtableSize, true);
    this.#out.view.setUint16(vtable + 2, this.#out.length - table, true);
    for (const [field, node] of references) this.#refer(field, node);
    return table;
  }

  #writeInteger(at: number, kind: "int8" | "int16" | "int32" | "int64", value: number): void {
    if (kind === "int8") this.#out.view.setInt8(at, value);
    else if (kind === "int16") this.#out.view.setInt16(at, value, true);
    else if (kind === "int32") this.#out.view.setInt32(at, value, true);
    else this.#out.view.setBigInt64(at, BigInt(value), true);
  }

  #writeString(text: string): number {
    const encoded = new TextEncoder().encode(text);
    const position = this.#writeCount(encoded.length, 4);
    const start = this.#out.reserve(encoded.length + 1);
    this.#out.bytes.set(encoded, start);
    return position;
  }

  #writeReferences(items: readonly FlatNode[]): number {
    const position = this.#writeCount(items.length, 4);
    const start = this.#out.reserve(items.length * 4);
    items.forEach((item, i) => this.#refer(start + i * 4, item));
    return position;
  }

  #writePairs(pairs: readonly (readonly [number, number])[]): number {
    const position = this.#writeCount(pairs.length, 8);
    const start = this.#out.reserve(pairs.length * 16);
    pairs.forEach(([first, second], i) => {
      this.#out.view.setBigInt64(start + i * 16, BigInt(first), true);
      this.#out.view.setBigInt64(start + i * 16 + 8, BigInt(second), true);
    });
    return position;
  }

  /** Writes a vector's count so that what follows it is aligned. */
  #writeCount(count: number, alignment: number): number {
    this.#align(alignment, alignment - 4);
    const position = this.#out.reserve(4);
    this.#out.view.setUint32(position, count, true);
    return position;
  }

  /** Pads until the length modulo `alignment` is `remainder`. */
  #align(alignment: number, remainder: number): void {
    this.#out.reserve((remainder - this.#out.length % alignment + alignment) % alignment);
  }
}
