import {
  Batch,
  type Decoder,
  type FieldSpecs,
  isLearning,
  type LearningDecoder,
  type NoRow,
  type RecordBlock,
  type RecordHeader,
  type Rejection,
  type RowOf,
  Schema,
  schema as s,
  SchemaLearned,
  SluiceError,
  type StructField,
  typeName,
  type TypeSpec,
} from "../../core/mod.ts";
import { RECORD_PARTS, type RecordPart } from "./record_parts.ts";
import { selectRecords } from "./select_records.ts";

/**
 * The type of a record's headers, as in Spark: `array<struct<key:string,value:binary>>`, in order; a
 * name may be there more than once.
 */
export function recordHeaders(): TypeSpec<RecordHeader[]> {
  return s.array(s.struct({ key: s.string(), value: s.binary().nullable() }));
}

/**
 * Adds columns that tell of the record itself to the rows that a decoder makes, behind the others. A
 * column is called as in Spark, or says with `.from()` what it is:
 *
 * | column | type | |
 * | --- | --- | --- |
 * | topic | string | |
 * | partition | integer | |
 * | offset | long | |
 * | timestamp | timestamp | of records from before Kafka 0.10 there is none |
 * | key | binary or string | a record may have none |
 * | headers | `recordHeaders()` | a record without headers has an empty list |
 *
 * A record that lacks what a column that is not nullable wants, or with a key that is not UTF-8 where
 * a string is wanted, is rejected, as one that the decoder rejects.
 *
 * @throws {SluiceError} `BAD_SCHEMA` for a column that a record does not have or of another type, and
 * for one that is called as another of the rows.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { json } from "../json/mod.ts";
 * import { recordHeaders, withRecord } from "./mod.ts";
 *
 * const Trade = s.struct({ symbol: s.string(), price: s.decimal(18, 8) });
 * const decoder = withRecord(json(Trade), {
 *   kafka_offset: s.long().from("offset"),
 *   key: s.string().nullable(),
 *   headers: recordHeaders(),
 * });
 * equal(
 *   decoder.schema.fields.map(({ name }) => name).join(", "),
 *   "symbol, price, kafka_offset, key, headers",
 * );
 * ```
 */
export function withRecord<Row, F extends FieldSpecs>(
  decoder: Decoder<Row>,
  columns: F,
): Decoder<Row & RowOf<F>> {
  const { fields } = s.struct(columns);
  return isLearning(decoder)
    ? new LearningRecordDecoder<Row, Row & RowOf<F>>(decoder, fields)
    : new RecordDecoder(decoder, fields);
}

/** A column, and the part of a record that it is made of. */
interface PartColumn {
  readonly field: StructField;
  readonly part: RecordPart;
}

class RecordDecoder<Row, Wide> implements Decoder<Wide> {
  readonly schema: Schema<Wide>;
  readonly #decoder: Decoder<Row>;
  readonly #columns: readonly PartColumn[];

  constructor(decoder: Decoder<Row>, fields: readonly StructField[]) {
    this.#decoder = decoder;
    this.#columns = fields.map((field) => ({ field, part: partOf(field) }));
    // No decoder reads these from a value: the name only has to be unlike those of the others.
    const added = fields.map((field) => ({ ...field, sourceName: `record.${field.sourceName}` }));
    this.schema = new Schema([...decoder.schema.fields, ...added]);
  }

  async decode(block: RecordBlock, batch: Batch<Wide>): Promise<NoRow[]> {
    const misfits = this.#misfits(block);
    const fitting = others(block.count, misfits);
    const own = this.#decoder.schema.fields.length;
    const rows = new Batch(this.#decoder.schema, 0, batch.columns.slice(0, own));
    const noRows = misfits.length === 0
      ? await this.#decoder.decode(block, rows)
      : (await this.#decoder.decode(selectRecords(block, fitting), rows))
        .map((noRow) => ({ ...noRow, index: fitting[noRow.index]! }));
    const decoded = others(block.count, [...misfits, ...noRows]);
    this.#columns.forEach(({ part }, i) => {
      const column = batch.columns[own + i]!;
      column.reserve(column.length + decoded.length);
      for (const record of decoded) {
        if (part.isMissing?.(block, record)) column.appendNull();
        else part.append(block, record, column);
      }
    });
    return [...misfits, ...noRows].sort((a, b) => a.index - b.index);
  }

  /** The records of which a column cannot be made. */
  #misfits(block: RecordBlock): Rejection[] {
    const checked = this.#columns.filter(({ field, part }) =>
      part.problem !== undefined || (part.isMissing !== undefined && !field.nullable)
    );
    const misfits: Rejection[] = [];
    for (let index = 0; checked.length > 0 && index < block.count; index++) {
      for (const column of checked) {
        const problem = problemOf(column, block, index);
        if (problem === undefined) continue;
        const { name, sourceName } = column.field;
        const shown = name === sourceName ? "" : ` (column ${name})`;
        misfits.push({ index, error: `record's ${sourceName}${shown}${problem}` });
        break;
      }
    }
    return misfits;
  }
}

/** The same around a decoder that learns of more columns. */
class LearningRecordDecoder<Row, Wide> extends RecordDecoder<Row, Wide>
  implements LearningDecoder<Wide> {
  readonly #decoder: LearningDecoder<Row>;
  readonly #fields: readonly StructField[];

  constructor(decoder: LearningDecoder<Row>, fields: readonly StructField[]) {
    super(decoder, fields);
    this.#decoder = decoder;
    this.#fields = fields;
  }

  withLearned(learned: string): LearningDecoder<Wide> {
    return new LearningRecordDecoder(this.#decoder.withLearned(learned), this.#fields);
  }

  override async decode(block: RecordBlock, batch: Batch<Wide>): Promise<NoRow[]> {
    try {
      return await super.decode(block, batch);
    } catch (error) {
      if (!(error instanceof SchemaLearned)) throw error;
      throw new SchemaLearned(error.message, this, error.learned);
    }
  }
}

function problemOf(
  { field, part }: PartColumn,
  block: RecordBlock,
  record: number,
): string | undefined {
  if (part.isMissing?.(block, record)) return field.nullable ? undefined : " is missing";
  const problem = part.problem?.(block, record, field.type);
  return problem === undefined ? undefined : `: ${problem}`;
}

function partOf({ name, sourceName, type }: StructField): RecordPart {
  const where = `column "${name}"`;
  const attempted = "add columns of the record";
  const part = Object.hasOwn(RECORD_PARTS, sourceName) ? RECORD_PARTS[sourceName] : undefined;
  if (part === undefined) {
    throw new SluiceError("BAD_SCHEMA", {
      attempted,
      where,
      found: `"${sourceName}"`,
      wanted: `one of ${Object.keys(RECORD_PARTS).join(", ")}, or .from() with one of them`,
    });
  }
  if (part.fits(type)) return part;
  throw new SluiceError("BAD_SCHEMA", {
    attempted,
    where,
    found: typeName(type),
    wanted: part.wanted,
  });
}

/** The indexes below `count` that are not in the list. */
function others(count: number, noRows: readonly NoRow[]): Int32Array {
  const without = new Set(noRows.map(({ index }) => index));
  const kept = new Int32Array(count - without.size);
  for (let index = 0, next = 0; index < count; index++) {
    if (!without.has(index)) kept[next++] = index;
  }
  return kept;
}
