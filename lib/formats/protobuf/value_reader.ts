import { Unreadable } from "../unreadable.ts";
import { WIRE, type WireInput } from "./wire_input.ts";

/**
 * Reads the values of one type. Parts of a message may come one after the other, so `read` gathers
 * what was written, and `finish` makes of it what a row holds.
 */
export interface ValueReader<Read = unknown> {
  /** How its bytes tell where they end: one of `WIRE`. */
  readonly wireType: number;
  /** What is read where nothing was written. */
  readonly zero: Read;
  /**
   * Reads a value; `before` is what was read of the same field until then.
   *
   * @throws {Unreadable} if the bytes are no such value.
   */
  read(input: WireInput, before?: Read): Read;
  /**
   * What a row holds for it.
   *
   * @throws {Unreadable} if a row can hold nothing for it.
   */
  finish(read: Read): unknown;
}

/** The same values; rows hold something else for them. */
export function converted<Read>(
  reader: ValueReader<Read>,
  convert: (read: Read) => unknown,
): ValueReader<Read> {
  return {
    wireType: reader.wireType,
    zero: reader.zero,
    read: (input, before) => reader.read(input, before),
    finish: convert,
  };
}

/** Reads a field of a message, which may come several times or never. */
export interface FieldReader {
  /** Reads what stands behind a tag of the field; `before` is what was read of it until then. */
  read(input: WireInput, tag: number, before: unknown): unknown;
  /** What a row holds for it; `read` is `undefined` if the field never came. */
  finish(read: unknown): unknown;
}

/** A field with one value: the last one counts. */
export class SingularReader implements FieldReader {
  readonly #value: ValueReader;
  readonly #hasPresence: boolean;

  /** Without presence, a field that is not there has the zero of its type. */
  constructor(value: ValueReader, hasPresence: boolean) {
    this.#value = value;
    this.#hasPresence = hasPresence;
  }

  read(input: WireInput, tag: number, before: unknown): unknown {
    checkWireType(tag, this.#value.wireType);
    return this.#value.read(input, before);
  }

  finish(read: unknown): unknown {
    if (read === undefined && this.#hasPresence) return null;
    return this.#value.finish(read ?? this.#value.zero);
  }
}

/** A repeated field: packed or not, whatever its schema says. */
export class ListReader implements FieldReader {
  readonly #value: ValueReader;

  constructor(value: ValueReader) {
    this.#value = value;
  }

  read(input: WireInput, tag: number, before: unknown[] = []): unknown[] {
    if ((tag & 7) === WIRE.bytes && this.#value.wireType !== WIRE.bytes) {
      input.readAll(() => before.push(this.#value.read(input)));
    } else {
      checkWireType(tag, this.#value.wireType);
      before.push(this.#value.read(input));
    }
    return before;
  }

  finish(read: readonly unknown[] = []): unknown[] {
    return read.map((value) => this.#value.finish(value));
  }
}

/** A map: messages of a key, field 1, and a value, field 2. */
export class MapReader implements FieldReader {
  readonly #key: ValueReader;
  readonly #value: ValueReader;

  constructor(key: ValueReader, value: ValueReader) {
    this.#key = key;
    this.#value = value;
  }

  read(
    input: WireInput,
    tag: number,
    before: Map<unknown, unknown> = new Map(),
  ): Map<unknown, unknown> {
    checkWireType(tag, WIRE.bytes);
    let key: unknown;
    let value: unknown;
    input.readAll(() => {
      const tag = input.readTag();
      if (tag >>> 3 === 1) {
        checkWireType(tag, this.#key.wireType);
        key = this.#key.read(input);
      } else if (tag >>> 3 === 2) {
        checkWireType(tag, this.#value.wireType);
        value = this.#value.read(input, value);
      } else {
        input.skip(tag);
      }
    });
    return before.set(key ?? this.#key.zero, value ?? this.#value.zero);
  }

  finish(read: ReadonlyMap<unknown, unknown> = new Map()): Map<unknown, unknown> {
    const pairs = [...read].map(([key, value]) =>
      [this.#key.finish(key), this.#value.finish(value)] as const
    );
    return new Map(pairs);
  }
}

/** A column that the records have no field for. */
export const absentField: FieldReader = { read: () => undefined, finish: () => null };

function checkWireType(tag: number, wanted: number): void {
  if ((tag & 7) === wanted) return;
  throw new Unreadable(`found wire type ${tag & 7}, wanted ${wanted}`);
}
