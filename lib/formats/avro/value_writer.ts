import {
  type BooleanColumn,
  type BytesColumn,
  type Column,
  Decimal128Column,
  formatUnscaled,
  type Int64Column,
  type ListColumn,
  type MapColumn,
  type NumberColumn,
  SluiceError,
  type StructColumn,
} from "../../core/mod.ts";
import type { AvroOutput } from "./avro_output.ts";

/** Writes one row of a column in Avro's binary encoding. */
export interface ValueWriter {
  /**
   * Writes the row's value.
   *
   * @throws {SluiceError} `BAD_VALUE` if the writer's schema cannot hold it.
   */
  write(column: Column, row: number, output: AvroOutput): void;
}

/** boolean. */
export class BooleanWriter implements ValueWriter {
  write(column: BooleanColumn, row: number, output: AvroOutput): void {
    output.writeBoolean(column.values[row] === 1);
  }
}

/** byte, short, integer and date as int and long. */
export class IntWriter implements ValueWriter {
  write(column: NumberColumn, row: number, output: AvroOutput): void {
    output.writeInteger(column.values[row]!);
  }
}

/** long, and timestamps in microseconds, as long. */
export class LongWriter implements ValueWriter {
  write(column: Int64Column, row: number, output: AvroOutput): void {
    output.writeWords(column.words[row * 2]!, column.words[row * 2 + 1]!);
  }
}

/** Timestamps in another unit than microseconds: nothing is rounded. */
export class TimeWriter implements ValueWriter {
  readonly #perSecond: bigint;

  constructor(unitsPerSecond: bigint) {
    this.#perSecond = unitsPerSecond;
  }

  write(column: Int64Column, row: number, output: AvroOutput): void {
    const micros = column.values[row]!;
    const scaled = micros * this.#perSecond;
    const value = scaled / 1_000_000n;
    if (scaled % 1_000_000n !== 0n || BigInt.asIntN(64, value) !== value) {
      throw badValue(`${micros} microseconds`, `a whole number of 1/${this.#perSecond} seconds`);
    }
    output.writeBigInt(value);
  }
}

/** float. */
export class FloatWriter implements ValueWriter {
  write(column: NumberColumn, row: number, output: AvroOutput): void {
    output.writeFloat(column.values[row]!);
  }
}

/** float and double as double. */
export class DoubleWriter implements ValueWriter {
  write(column: NumberColumn, row: number, output: AvroOutput): void {
    output.writeDouble(column.values[row]!);
  }
}

/** string and binary as string and bytes. */
export class BytesWriter implements ValueWriter {
  write(column: BytesColumn, row: number, output: AvroOutput): void {
    output.writeBytes(column.bytesAt(row));
  }
}

/** binary as fixed. */
export class FixedWriter implements ValueWriter {
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  write(column: BytesColumn, row: number, output: AvroOutput): void {
    const bytes = column.bytesAt(row);
    if (bytes.length !== this.#size) throw badValue(`${bytes.length} bytes`, `${this.#size}`);
    output.writeFixed(bytes);
  }
}

/** The text of a uuid as 16 bytes. */
export class UuidWriter implements ValueWriter {
  write(column: BytesColumn, row: number, output: AvroOutput): void {
    const text = String(column.get(row));
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
      throw badValue(JSON.stringify(text), "a uuid");
    }
    output.writeFixed(Uint8Array.fromHex(text.replaceAll("-", "")));
  }
}

/** string as enum. */
export class EnumWriter implements ValueWriter {
  readonly #symbols: readonly string[];

  constructor(symbols: readonly string[]) {
    this.#symbols = symbols;
  }

  write(column: BytesColumn, row: number, output: AvroOutput): void {
    const text = String(column.get(row));
    const index = this.#symbols.indexOf(text);
    if (index < 0) throw badValue(JSON.stringify(text), `one of ${this.#symbols.join(", ")}`);
    output.writeInteger(index);
  }
}

/** decimal as bytes and fixed, in as few bytes as hold it, or as many as there are. */
export class DecimalWriter implements ValueWriter {
  readonly #precision: number;
  readonly #scale: number;
  readonly #factor: bigint;
  readonly #fixedSize: number | undefined;

  /** `zeros` are added to the digits of the column's scale. */
  constructor(precision: number, scale: number, zeros: number, fixedSize: number | undefined) {
    this.#precision = precision;
    this.#scale = scale;
    this.#factor = 10n ** BigInt(zeros);
    this.#fixedSize = fixedSize;
  }

  write(column: Int64Column | Decimal128Column, row: number, output: AvroOutput): void {
    const stored = column instanceof Decimal128Column
      ? column.unscaledAt(row)
      : column.values[row]!;
    const unscaled = stored * this.#factor;
    const magnitude = unscaled < 0n ? -unscaled - 1n : unscaled;
    // A bit for the sign stands before the digits.
    const needed = Math.floor(magnitude === 0n ? 0 : magnitude.toString(2).length / 8) + 1;
    const size = this.#fixedSize ?? needed;
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString().length;
    if (needed > size || (unscaled !== 0n && digits > this.#precision)) {
      throw badValue(
        formatUnscaled(unscaled, this.#scale),
        `at most ${this.#precision} digits in ${size} bytes`,
      );
    }
    const hex = BigInt.asUintN(size * 8, unscaled).toString(16).padStart(size * 2, "0");
    const bytes = Uint8Array.fromHex(hex);
    if (this.#fixedSize === undefined) output.writeBytes(bytes);
    else output.writeFixed(bytes);
  }
}

/** A value of one branch of a union; null of another, where there is one. */
export class BranchWriter implements ValueWriter {
  readonly #branch: number;
  readonly #nullBranch: number;
  readonly #writer: ValueWriter;

  /** `nullBranch` is -1 where the union has none, and the column no null. */
  constructor(branch: number, nullBranch: number, writer: ValueWriter) {
    this.#branch = branch;
    this.#nullBranch = nullBranch;
    this.#writer = writer;
  }

  write(column: Column, row: number, output: AvroOutput): void {
    const isNull = this.#nullBranch >= 0 && column.isNull(row);
    output.writeInteger(isNull ? this.#nullBranch : this.#branch);
    if (!isNull) this.#writer.write(column, row, output);
  }
}

/** A struct with a field for each member of a union, of which one has a value. */
export class MembersWriter implements ValueWriter {
  readonly #members: readonly ValueWriter[];
  readonly #nullBranch: number;

  /** `members` has a writer for each field of the struct, which writes the branch too. */
  constructor(members: readonly ValueWriter[], nullBranch: number) {
    this.#members = members;
    this.#nullBranch = nullBranch;
  }

  write(column: StructColumn, row: number, output: AvroOutput): void {
    if (this.#nullBranch >= 0 && column.isNull(row)) return output.writeInteger(this.#nullBranch);
    const present = column.children.flatMap((child, i) => child.isNull(row) ? [] : [i]);
    const [member = -1] = present;
    const child = column.children[member];
    if (present.length !== 1 || child === undefined) {
      throw badValue(`${present.length} members of a union`, "one");
    }
    this.#members[member]!.write(child, row, output);
  }
}

/** What the writer's schema has and no column: always the same bytes. */
export class ConstantWriter implements ValueWriter {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  write(_column: unknown, _row: number, output: AvroOutput): void {
    output.writeFixed(this.#bytes);
  }
}

/** array. */
export class ArrayWriter implements ValueWriter {
  readonly #item: ValueWriter;

  constructor(item: ValueWriter) {
    this.#item = item;
  }

  write(column: ListColumn, row: number, output: AvroOutput): void {
    const start = column.offsets[row]!;
    const end = column.offsets[row + 1]!;
    if (end > start) output.writeInteger(end - start);
    for (let i = start; i < end; i++) this.#item.write(column.elements, i, output);
    output.writeInteger(0);
  }
}

/** map. */
export class MapWriter implements ValueWriter {
  readonly #key: ValueWriter = new BytesWriter();
  readonly #value: ValueWriter;

  constructor(value: ValueWriter) {
    this.#value = value;
  }

  write(column: MapColumn, row: number, output: AvroOutput): void {
    const start = column.offsets[row]!;
    const end = column.offsets[row + 1]!;
    if (end > start) output.writeInteger(end - start);
    for (let i = start; i < end; i++) {
      this.#key.write(column.keys, i, output);
      this.#value.write(column.values, i, output);
    }
    output.writeInteger(0);
  }
}

function badValue(found: string, wanted: string): SluiceError {
  return new SluiceError("BAD_VALUE", { attempted: "write a value in Avro", found, wanted });
}
