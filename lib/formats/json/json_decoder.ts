import type {
  Batch,
  Decoder,
  RecordBlock,
  Rejection,
  Schema,
  StructField,
} from "../../core/mod.ts";
import {
  convertValue,
  describeJson,
  isObject,
  Mismatch,
  missing,
  ownField,
} from "./convert_value.ts";
import { findSyntaxError } from "./json_syntax.ts";
import { type JsonObject, parseJson } from "./parse_json.ts";
import { RecordScanner } from "./record_scanner.ts";

/**
 * Reads record values that are JSON objects (RFC 8259, UTF-8). Fields stand in any order, unknown ones
 * are passed over, and of fields with the same name the last counts. A missing field and null are
 * null where the schema allows it.
 *
 * | type | in JSON |
 * | --- | --- |
 * | string | text; no half of a surrogate pair |
 * | binary | base64 text |
 * | boolean | `true`, `false` |
 * | byte, short, integer, long | a number without point and exponent: `1.0` and `"1"` are rejected |
 * | float, double | a number within the type's range, rounded to it |
 * | decimal | a number or text; rejected where it would have to be rounded |
 * | date | `"YYYY-MM-DD"` |
 * | timestamp | ISO 8601 text with a zone; with a unit, an integer of that unit since 1970 |
 * | timestamp_ntz | ISO 8601 text without a zone; with a unit, an integer of that unit |
 * | struct, map | an object; keys of a map are read from the text of the names |
 * | array | an array |
 *
 * A record that does not fit, or is nested deeper than 1000 levels, is rejected with a text that names
 * the field, what was found and what was wanted.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { Batch, type RecordBlock, schema as s } from "../../core/mod.ts";
 * import { json } from "./mod.ts";
 *
 * const Trade = s.struct({ id: s.long().from("t"), price: s.decimal(18, 8).from("p") });
 * const batch = new Batch(Trade);
 * const block = {
 *   bytes: new TextEncoder().encode('{"t":9007199254740993,"p":"0.5"}{"t":1,"p":"abc"}'),
 *   count: 2,
 *   valueStarts: Int32Array.of(0, 32),
 *   valueEnds: Int32Array.of(32, 49),
 * } as RecordBlock;
 *
 * deepEqual(await json(Trade).decode(block, batch), [
 *   { index: 1, error: 'field "p" (column price): found "abc", wanted decimal(18,8)' },
 * ]);
 * equal(batch.row(0).id, 9007199254740993n);
 * equal(String(batch.row(0).price), "0.50000000");
 * ```
 */
export function json<Row>(schema: Schema<Row>): Decoder<Row> {
  return new JsonDecoder(schema);
}

class JsonDecoder<Row> implements Decoder<Row> {
  readonly schema: Schema<Row>;
  private readonly scanner: RecordScanner;
  private readonly decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(schema: Schema<Row>) {
    this.schema = schema;
    this.scanner = new RecordScanner(schema.fields);
  }

  decode(block: RecordBlock, batch: Batch<Row>): Rejection[] {
    const { bytes, valueStarts, valueEnds } = block;
    const rejections: Rejection[] = [];
    let row = batch.numRows;
    batch.reserve(row + block.count);
    for (let index = 0; index < block.count; index++) {
      const start = valueStarts[index]!;
      const end = valueEnds[index]!;
      if (start < 0) {
        rejections.push({ index, error: "value is null (a tombstone)" });
      } else if (this.scanner.scan(bytes, start, end, batch.columns)) {
        row++;
      } else {
        batch.truncate(row);
        const error = this.appendParsed(bytes.subarray(start, end), batch);
        if (error === undefined) row++;
        else {
          batch.truncate(row);
          rejections.push({ index, error });
        }
      }
    }
    return rejections;
  }

  /** Adds the row of a value in the slow way, or says what is wrong with it. */
  private appendParsed(value: Uint8Array, batch: Batch<Row>): string | undefined {
    const syntaxError = findSyntaxError(value, 0, value.length);
    if (syntaxError !== undefined) return `not JSON: ${syntaxError}`;
    const json = parseJson(this.decoder.decode(value).trim());
    if (!isObject(json)) return `found ${describeJson(json)}, wanted a JSON object`;
    for (const [i, field] of this.schema.fields.entries()) {
      const converted = fieldValue(json, field);
      if (converted instanceof Mismatch) return describeMismatch(field, converted);
      batch.columns[i]!.append(converted);
    }
    return undefined;
  }
}

function fieldValue(object: JsonObject, field: StructField): unknown {
  const value = ownField(object, field.sourceName);
  if (value !== undefined && value !== null) {
    return convertValue(value, field.type, field.epochUnit);
  }
  return field.nullable ? null : missing(value, field.type);
}

function describeMismatch({ name, sourceName }: StructField, { path, problem }: Mismatch): string {
  const column = name === sourceName ? "" : ` (column ${name})`;
  return `field ${JSON.stringify(sourceName + path)}${column}${problem}`;
}
