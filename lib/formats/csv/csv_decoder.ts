import {
  badOption,
  type Batch,
  type Column,
  type Decoder,
  type RecordBlock,
  type RecordHeader,
  refuseUnknownOptions,
  type Rejection,
  type Schema,
  SluiceError,
  typeName,
} from "../../core/mod.ts";
import {
  CSV_DIALECT_OPTIONS,
  type CsvDialect,
  csvDialect,
  type CsvDialectOptions,
  dialectBytes,
} from "./csv_dialect.ts";
import { type ValueReader, valueReader } from "./read_value.ts";
import { RecordFields } from "./record_fields.ts";
import { readRecordHeaders } from "./record_headers.ts";

/** How CSV records are read. */
export interface CsvOptions extends CsvDialectOptions {
  /**
   * A field that is this text, without quotes, is null, as an empty one always is; absent: none.
   */
  readonly nullValue?: string;
}

const ATTEMPTED = "read CSV";
const utf8 = new TextDecoder();

/**
 * Reads record values that are lines of CSV (RFC 4180, UTF-8), one row a record. The records of
 * `files({ format: "csv", header: true })` carry the names of their file's columns: those of the
 * schema are found by them, in any order, and others are passed over. Other records have a field
 * for each column of the schema, in its order.
 *
 * A field without quotes that is empty, or is `nullValue`, is null; what stands in quotes never is,
 * not even `""`, which is empty text. A record with more or fewer fields than there are names, or
 * with one that does not fit, is rejected with a text that names it.
 *
 * | type | in CSV |
 * | --- | --- |
 * | string | as it stands, blanks too |
 * | boolean | `true`, `false`, in any case |
 * | byte, short, integer, long | digits, with or without a sign |
 * | float, double | a number, rounded to the type; `NaN`, `Inf`, `-Inf`, `Infinity`, `-Infinity` |
 * | decimal | a number; rejected where it would have to be rounded |
 * | date | `YYYY-MM-DD` |
 * | timestamp | ISO 8601, with `T` or a blank; UTC where it has no zone; with a unit, an integer |
 * | timestamp_ntz | the same without a zone |
 * | binary | base64 |
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`; `BAD_SCHEMA` for structs, arrays and maps.
 * From `decode`, `BAD_OPTION` if a record says that it is written in another dialect than the
 * options name.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { Batch, type RecordBlock, schema as s } from "../../core/mod.ts";
 * import { csv } from "./mod.ts";
 *
 * const Trade = s.struct({ id: s.long(), symbol: s.string(), price: s.decimal(18, 8).nullable() });
 * const batch = new Batch(Trade);
 * const block = {
 *   bytes: new TextEncoder().encode('9007199254740993;"BTC;USDT";0.52;ETHUSDT;cheap'),
 *   count: 2,
 *   valueStarts: Int32Array.of(0, 31),
 *   valueEnds: Int32Array.of(31, 46),
 *   headers: () => [],
 * } as unknown as RecordBlock;
 *
 * deepEqual(await csv(Trade, { sep: ";" }).decode(block, batch), [
 *   { index: 1, error: 'field 3 (column price): found "cheap", wanted decimal(18,8)' },
 * ]);
 * equal(batch.row(0).symbol, "BTC;USDT");
 * equal(String(batch.row(0).price), "0.50000000");
 * ```
 */
export function csv<Row>(schema: Schema<Row>, options: CsvOptions = {}): Decoder<Row> {
  refuseUnknownOptions(ATTEMPTED, options, [...CSV_DIALECT_OPTIONS, "nullValue"]);
  const { nullValue } = options;
  if (nullValue !== undefined && typeof nullValue !== "string") {
    throw badOption(ATTEMPTED, "nullValue", String(nullValue), "a text");
  }
  return new CsvDecoder(schema, options);
}

class CsvDecoder<Row> implements Decoder<Row> {
  readonly schema: Schema<Row>;
  readonly #options: CsvOptions;
  readonly #readers: readonly ValueReader[];
  readonly #nullValue: Uint8Array;
  #dialect: CsvDialect;
  #fields: RecordFields;
  /** The record headers that the layout below is made from. */
  #headers: readonly RecordHeader[] | undefined;
  #headerLine: string | undefined;
  #layout: Layout;

  constructor(schema: Schema<Row>, options: CsvOptions) {
    this.schema = schema;
    this.#options = options;
    this.#readers = schema.fields.map(valueReader);
    this.#nullValue = new TextEncoder().encode(options.nullValue ?? "");
    this.#dialect = csvDialect(ATTEMPTED, options);
    this.#fields = new RecordFields(dialectBytes(this.#dialect));
    this.#layout = layoutByPosition(schema as unknown as Schema);
  }

  decode(block: RecordBlock, batch: Batch<Row>): Rejection[] {
    const { bytes, valueStarts, valueEnds } = block;
    const rejections: Rejection[] = [];
    let row = batch.numRows;
    batch.reserve(row + block.count);
    for (let index = 0; index < block.count; index++) {
      const start = valueStarts[index]!;
      const headers = block.headers(index);
      if (headers !== this.#headers) this.#learn(headers);
      const error = start < 0
        ? "value is null (a tombstone)"
        : this.#append(bytes, start, valueEnds[index]!, batch.columns);
      if (error === undefined) row++;
      else {
        batch.truncate(row);
        rejections.push({ index, error });
      }
    }
    return rejections;
  }

  /** Adds the row of a record, or says what is wrong with it; some columns may then be longer. */
  #append(
    bytes: Uint8Array,
    start: number,
    end: number,
    columns: readonly Column[],
  ): string | undefined {
    const fields = this.#fields;
    const layout = this.#layout;
    if (typeof layout === "string") return layout;
    const malformed = fields.read(bytes, start, end);
    if (malformed !== undefined) return malformed;
    if (fields.count !== layout.fieldCount) {
      const { sep } = this.#dialect;
      const found = fields.count === 1 ? "1 field" : `${fields.count} fields`;
      return `found ${found} set apart by ${JSON.stringify(sep)}, wanted ${layout.fieldCount}`;
    }
    for (let i = 0; i < columns.length; i++) {
      const field = layout.fieldOf[i]!;
      const problem = field < 0
        ? this.#appendMissing(i, columns[i]!)
        : this.#appendField(bytes, field, i, columns[i]!);
      if (problem !== undefined) return `${layout.nameOf(i)}${problem}`;
    }
    return undefined;
  }

  #appendField(
    bytes: Uint8Array,
    field: number,
    column: number,
    into: Column,
  ): string | undefined {
    const fields = this.#fields;
    if (this.#isNull(bytes, field)) {
      const { nullable, type } = this.schema.fields[column]!;
      if (!nullable) return `: found null, wanted ${typeName(type)}`;
      into.appendNull();
      return undefined;
    }
    if (fields.isEscaped(bytes, field)) {
      const value = fields.unescaped(bytes, field);
      return this.#readers[column]!(value, 0, value.length, into);
    }
    return this.#readers[column]!(bytes, fields.starts[field]!, fields.ends[field]!, into);
  }

  #appendMissing(column: number, into: Column): string | undefined {
    if (!this.schema.fields[column]!.nullable) return " is not in the header of the file";
    into.appendNull();
    return undefined;
  }

  #isNull(bytes: Uint8Array, field: number): boolean {
    const { starts, ends, quoted } = this.#fields;
    if (quoted[field] === 1) return false;
    const start = starts[field]!;
    const length = ends[field]! - start;
    const nullValue = this.#nullValue;
    if (length === 0) return true;
    if (length !== nullValue.length) return false;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== nullValue[i]) return false;
    return true;
  }

  /** Takes up what a record says of itself; mostly it says the same as the one before it. */
  #learn(headers: readonly RecordHeader[]): void {
    const { dialect, headerLine } = readRecordHeaders(headers);
    const wanted = dialect ?? csvDialect(ATTEMPTED, this.#options);
    const isSame = CSV_DIALECT_OPTIONS.every((name) =>
      wanted[name as keyof CsvDialect] === this.#dialect[name as keyof CsvDialect]
    );
    if (!isSame) {
      this.#refuseOther(wanted);
      this.#dialect = wanted;
      this.#fields = new RecordFields(dialectBytes(wanted));
    }
    this.#headers = headers;
    const line = headerLine === undefined ? undefined : utf8.decode(headerLine);
    if (line === this.#headerLine && isSame) return;
    this.#headerLine = line;
    const schema = this.schema as unknown as Schema;
    this.#layout = headerLine === undefined
      ? layoutByPosition(schema)
      : this.#layoutByName(schema, headerLine);
  }

  #refuseOther(dialect: CsvDialect): void {
    for (const [name, found] of Object.entries(dialect)) {
      const option = this.#options[name as keyof CsvDialectOptions];
      if (option === undefined || option === found) continue;
      throw new SluiceError("BAD_OPTION", {
        attempted: ATTEMPTED,
        where: `option "${name}"`,
        found: JSON.stringify(option),
        wanted: `${JSON.stringify(found)}, by which the source has told the records apart`,
        hint: "say it at the source only: its records carry it along",
      });
    }
  }

  #layoutByName(schema: Schema, headerLine: Uint8Array): Layout {
    const fields = this.#fields;
    const malformed = fields.read(headerLine, 0, headerLine.length);
    if (malformed !== undefined) return `header of the file: ${malformed}`;
    const names = Array.from({ length: fields.count }, (_, i) =>
      utf8.decode(
        fields.isEscaped(headerLine, i)
          ? fields.unescaped(headerLine, i)
          : headerLine.subarray(fields.starts[i], fields.ends[i]),
      ));
    const wanted = schema.fields.map(({ sourceName }) => sourceName);
    const twice = wanted.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
    if (twice !== undefined) return `header of the file: ${JSON.stringify(twice)} is in it twice`;
    return {
      fieldCount: names.length,
      fieldOf: Int32Array.from(wanted, (name) => names.indexOf(name)),
      nameOf: (column) => fieldName(schema, column, JSON.stringify(wanted[column]!)),
    };
  }
}

/** Where the fields of the schema are in a record; or why no record of the file can be read. */
type Layout = {
  readonly fieldCount: number;
  /** For each column the place of its field in the record; -1 if there is none. */
  readonly fieldOf: Int32Array;
  readonly nameOf: (column: number) => string;
} | string;

function layoutByPosition(schema: Schema): Layout {
  return {
    fieldCount: schema.fields.length,
    fieldOf: Int32Array.from(schema.fields, (_, i) => i),
    nameOf: (column) => `field ${column + 1} (column ${schema.fields[column]!.name})`,
  };
}

function fieldName({ fields }: Schema, column: number, inRecord: string): string {
  const { name, sourceName } = fields[column]!;
  return `field ${inRecord}${name === sourceName ? "" : ` (column ${name})`}`;
}
