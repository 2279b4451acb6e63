import type { Batch, Column, Decoder, NoRow, RecordBlock, Schema } from "../../core/mod.ts";
import { describeJson, findSyntaxError, parseJson, skipWhitespace } from "../json/mod.ts";
import { type ChangeLayout, ChangeReader } from "./change_reader.ts";
import type { ConnectType } from "./connect_type.ts";
import { ReadersBySchema } from "./readers_by_schema.ts";
import { RecordKey } from "./record_key.ts";

const CLOSE_BRACE = 0x7d;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What is said of a record that has no value. */
const TOMBSTONE = Symbol("tombstone");
type Problem = string | typeof TOMBSTONE | undefined;

/** Told when a reader for a schema that was not seen before is made. */
type OnSchema = (struct: ConnectType) => void;

/** Makes rows of change events. */
export class DebeziumDecoder<Row> implements Decoder<Row> {
  readonly schema: Schema<Row>;
  readonly #deletesByTombstone: boolean;
  readonly #plain: ChangeReader;
  readonly #bySchema: ReadersBySchema<ChangeReader>;
  readonly #key: RecordKey;
  /** The bytes that the last record with a schema had before its payload, and their reader. */
  #prefix = new Uint8Array();
  #prefixReader: ChangeReader | undefined;

  /** `layout` says what the columns of the schema are. What `onSchema` throws, `decode` throws. */
  constructor(
    schema: Schema<Row>,
    layout: ChangeLayout,
    deletesByTombstone: boolean,
    onSchema: OnSchema = () => {},
  ) {
    this.schema = schema;
    this.#deletesByTombstone = deletesByTombstone;
    this.#plain = new ChangeReader(layout, undefined);
    this.#bySchema = new ReadersBySchema((struct) => {
      onSchema(struct);
      return new ChangeReader(layout, struct);
    });
    this.#key = new RecordKey(layout.rules);
  }

  decode(block: RecordBlock, batch: Batch<Row>): NoRow[] {
    const { bytes, valueStarts, valueEnds } = block;
    const noRows: NoRow[] = [];
    let row = batch.numRows;
    batch.reserve(row + block.count);
    for (let index = 0; index < block.count; index++) {
      const start = valueStarts[index]!;
      this.#key.at(block, index);
      let problem = start < 0
        ? TOMBSTONE
        : this.#read(bytes, start, valueEnds[index]!, batch.columns);
      if (problem === TOMBSTONE && this.#deletesByTombstone) {
        const key = this.#key.values;
        problem = this.#plain.readTombstone({ bytes, start, end: start, key }, batch.columns);
      }
      if (problem === undefined) {
        row++;
      } else {
        batch.truncate(row);
        noRows.push(problem === TOMBSTONE ? { index } : { index, error: problem });
      }
    }
    return noRows;
  }

  #read(bytes: Uint8Array, start: number, end: number, columns: readonly Column[]): Problem {
    if (this.#hasPrefix(bytes, start, end)) {
      const payload = start + this.#prefix.length;
      const after = this.#prefixReader!.find(bytes, payload, end);
      if (after >= 0 && isLast(bytes, after, end)) {
        return this.#readChange(this.#prefixReader!, bytes, payload, after, columns);
      }
    }
    const from = skipWhitespace(bytes, start, end);
    const after = this.#plain.find(bytes, from, end);
    if (after < 0 || skipWhitespace(bytes, after, end) !== end) {
      return describeNoObject(bytes, start, end);
    }
    const wrapped = this.#plain.wrapped(bytes);
    if (wrapped === undefined) return this.#readChange(this.#plain, bytes, from, after, columns);
    const { schemaStart, schemaEnd, payloadStart, payloadEnd } = wrapped;
    if (payloadStart < 0) return TOMBSTONE;
    const reader = schemaStart < 0
      ? this.#plain
      : this.#bySchema.readerOf(bytes, schemaStart, schemaEnd);
    if (typeof reader === "string") return reader;
    // Only what has the schema in it stands for the schema.
    this.#prefix = schemaEnd <= payloadStart ? bytes.slice(start, payloadStart) : new Uint8Array();
    this.#prefixReader = reader;
    reader.find(bytes, payloadStart, payloadEnd);
    return this.#readChange(reader, bytes, payloadStart, payloadEnd, columns);
  }

  #readChange(
    reader: ChangeReader,
    bytes: Uint8Array,
    start: number,
    end: number,
    columns: readonly Column[],
  ): string | undefined {
    return reader.read({ bytes, start, end, key: this.#key.values }, columns);
  }

  /** True if a record begins with the schema of the one before: it need not be looked at again. */
  #hasPrefix(bytes: Uint8Array, start: number, end: number): boolean {
    const prefix = this.#prefix;
    if (prefix.length === 0 || start + prefix.length > end) return false;
    for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
    return true;
  }
}

/** True if nothing but the end of an object is at `pos`. */
function isLast(bytes: Uint8Array, pos: number, end: number): boolean {
  const close = skipWhitespace(bytes, pos, end);
  return close < end && bytes[close] === CLOSE_BRACE &&
    skipWhitespace(bytes, close + 1, end) === end;
}

function describeNoObject(bytes: Uint8Array, start: number, end: number): string {
  const syntaxError = findSyntaxError(bytes, start, end);
  if (syntaxError !== undefined) return `not JSON: ${syntaxError}`;
  const json = parseJson(utf8.decode(bytes.subarray(start, end)).trim());
  return `found ${describeJson(json)}, wanted a JSON object`;
}
