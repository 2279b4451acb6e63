import type {
  BooleanColumn,
  BytesColumn,
  Column,
  Int64Column,
  NumberColumn,
} from "../../core/mod.ts";
import { Unreadable } from "../unreadable.ts";
import type { AvroInput } from "./avro_input.ts";
import type { AvroType } from "./avro_type.ts";
import { skipValue } from "./skip_value.ts";
import { isUtf8 } from "./utf8.ts";

/** Reads one value as the writer wrote it, and adds it to a column as the reader wants it. */
export interface ValueReader {
  /**
   * Adds one row to the column.
   *
   * @throws {Unreadable} if the bytes are no such value; the column may then be a row longer.
   */
  read(input: AvroInput, column: Column): void;
}

/** Passes over what no column wants. */
export class SkipReader implements ValueReader {
  readonly #type: AvroType;

  constructor(type: AvroType) {
    this.#type = type;
  }

  read(input: AvroInput): void {
    skipValue(input, this.#type);
  }
}

/** null: no bytes. Also the field that a writer does not have and a reader may do without. */
export class NullReader implements ValueReader {
  read(_input: AvroInput, column: Column): void {
    column.appendNull();
  }
}

/** A value that cannot become what the reader wants, whatever its bytes are. */
export class UnreadableReader implements ValueReader {
  readonly #problem: string;

  constructor(problem: string) {
    this.#problem = problem;
  }

  read(): void {
    throw new Unreadable(this.#problem);
  }
}

/** boolean. */
export class BooleanReader implements ValueReader {
  read(input: AvroInput, column: BooleanColumn): void {
    column.appendBoolean(input.readBoolean());
  }
}

/** int to byte, short, integer and date. */
export class IntReader implements ValueReader {
  readonly #min: number;
  readonly #max: number;
  readonly #wanted: string;

  constructor([min, max]: readonly [min: number, max: number], wanted: string) {
    this.#min = min;
    this.#max = max;
    this.#wanted = wanted;
  }

  read(input: AvroInput, column: NumberColumn): void {
    const value = input.readInt();
    if (value < this.#min || value > this.#max) {
      throw new Unreadable(`overflow: found ${value}, wanted ${this.#wanted}`);
    }
    column.appendNumber(value);
  }
}

/** int and long to long. */
export class LongReader implements ValueReader {
  read(input: AvroInput, column: Int64Column): void {
    input.readLong();
    column.appendWords(input.low, input.high);
  }
}

/** int and long to float and double, rounded where they must be. */
export class IntegerToFloatReader implements ValueReader {
  read(input: AvroInput, column: NumberColumn): void {
    input.readLong();
    column.appendNumber(input.lastAsNumber());
  }
}

/** float to float and double. */
export class FloatReader implements ValueReader {
  read(input: AvroInput, column: NumberColumn): void {
    column.appendNumber(input.readFloat());
  }
}

/** double. */
export class DoubleReader implements ValueReader {
  read(input: AvroInput, column: NumberColumn): void {
    column.appendNumber(input.readDouble());
  }
}

/** bytes and string to binary. */
export class BytesReader implements ValueReader {
  read(input: AvroInput, column: BytesColumn): void {
    const length = input.readLength();
    const start = input.take(length);
    column.appendBytes(input.bytes, start, start + length);
  }
}

/** string and bytes to string: the bytes must be UTF-8. */
export class StringReader implements ValueReader {
  read(input: AvroInput, column: BytesColumn): void {
    const length = input.readLength();
    const start = input.take(length);
    if (!isUtf8(input.bytes, start, start + length)) throw new Unreadable("found bytes, no UTF-8");
    column.appendBytes(input.bytes, start, start + length);
  }
}

/** fixed to binary. */
export class FixedReader implements ValueReader {
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  read(input: AvroInput, column: BytesColumn): void {
    const start = input.take(this.#size);
    column.appendBytes(input.bytes, start, start + this.#size);
  }
}

/** A uuid in 16 bytes to text: `2f1c…-…`, as RFC 9562 writes it. */
export class UuidReader implements ValueReader {
  read(input: AvroInput, column: BytesColumn): void {
    const start = input.take(16);
    const hex = input.bytes.subarray(start, start + 16).toHex();
    column.appendText(
      hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
    );
  }
}

/** enum to text. `symbols` has what the reader calls each symbol; `undefined`: the reader has none. */
export class EnumReader implements ValueReader {
  readonly #symbols: readonly (Uint8Array | undefined)[];
  readonly #names: readonly string[];

  constructor(names: readonly string[], symbols: readonly (string | undefined)[]) {
    const encoder = new TextEncoder();
    this.#names = names;
    this.#symbols = symbols.map((symbol) =>
      symbol === undefined ? undefined : encoder.encode(symbol)
    );
  }

  read(input: AvroInput, column: BytesColumn): void {
    const index = input.readIndex(this.#symbols.length);
    const symbol = this.#symbols[index];
    if (symbol === undefined) {
      throw new Unreadable(`found the symbol "${this.#names[index]}", which the reader lacks`);
    }
    column.appendBytes(symbol, 0, symbol.length);
  }
}

/** A union of null and one other type. */
export class NullableReader implements ValueReader {
  readonly #nullIndex: number;
  readonly #value: ValueReader;

  constructor(nullIndex: number, value: ValueReader) {
    this.#nullIndex = nullIndex;
    this.#value = value;
  }

  read(input: AvroInput, column: Column): void {
    if (input.readIndex(2) === this.#nullIndex) column.appendNull();
    else this.#value.read(input, column);
  }
}

/** Any other union. */
export class UnionReader implements ValueReader {
  readonly #branches: readonly ValueReader[];

  constructor(branches: readonly ValueReader[]) {
    this.#branches = branches;
  }

  read(input: AvroInput, column: Column): void {
    this.#branches[input.readIndex(this.#branches.length)]!.read(input, column);
  }
}
