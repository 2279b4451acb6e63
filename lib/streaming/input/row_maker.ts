import {
  Batch,
  type Decoder,
  isRejection,
  type NoRow,
  type RecordBlock,
  recordOffset,
  type Rejection,
  type Schema,
  SluiceError,
} from "../../core/mod.ts";
import {
  chainOperators,
  type EventTimeStats,
  type Operator,
  type OperatorResult,
} from "../../transforms/mod.ts";

/** What was made of a block of records. */
export interface BlockRows {
  /** The block's rows, from `startRow` to its end. */
  readonly batch: Batch;
  readonly startRow: number;
  /** The records that no row could be made of, ascending; without those that stand for none. */
  readonly rejections: readonly Rejection[];
  /** For each row of the block, the index of the record that it was made from; ascending. */
  records(): ArrayLike<number>;
  /**
   * The event times of the records, without those that were rejected and those of the given indexes:
   * a record that becomes a dead letter does not move the watermark.
   */
  eventTimes(without: ReadonlySet<number>): EventTimeStats | undefined;
}

/** Where the rows of a source come from: a decoder makes them of records, or the source has them. */
type RowOrigin = { readonly decoder: Decoder } | { readonly schema: Schema };

/** How a query makes rows of records: a decoder, and the operators behind it as one. */
export class RowMaker {
  /** The rows that come out at the end. */
  readonly schema: Schema;
  readonly #decoder: Decoder | undefined;
  readonly #operator: Operator | undefined;

  private constructor(schema: Schema, decoder: Decoder | undefined, operator?: Operator) {
    this.schema = schema;
    this.#decoder = decoder;
    this.#operator = operator;
  }

  /** The rows as they are decoded, or as the source has them. */
  static of(origin: RowOrigin): RowMaker {
    return "decoder" in origin
      ? new RowMaker(origin.decoder.schema, origin.decoder)
      : new RowMaker(origin.schema, undefined);
  }

  /** True if `make` gives each block a batch of its own. */
  get makesParts(): boolean {
    return this.#operator !== undefined || this.#decoder === undefined;
  }

  /** The same rows, handed to one more operator. */
  with(operator: Operator): RowMaker {
    const chain = this.#operator === undefined
      ? operator
      : chainOperators(this.#operator, operator);
    return new RowMaker(operator.schema, this.#decoder, chain);
  }

  /**
   * Makes rows of a block: behind those of `batch`, or, where operators change their shape, in a
   * batch of their own.
   */
  async make(block: RecordBlock, batch: Batch): Promise<BlockRows> {
    const operator = this.#operator;
    if (operator === undefined) return await this.#plainRows(block, batch);
    const { rows, noRows } = await this.#rowsOf(block);
    const made = applyTo(block, rows, operator);
    const good = goodRecords(block, noRows);
    const failed = made.rejections.map(({ index, error }) => ({ index: good[index]!, error }));
    const isGone = new Set(failed.map(({ index }) => index));
    return {
      batch: made.batch,
      startRow: 0,
      rejections: [...noRows.filter(isRejection), ...failed].sort((a, b) => a.index - b.index),
      records: () => made.origins.map((row) => good[row]!),
      eventTimes(without) {
        if (made.eventTimes === undefined || isGone.size + without.size === 0) {
          return made.eventTimes;
        }
        const kept = [...good.keys()].filter((row) => {
          const record = good[row]!;
          return !isGone.has(record) && !without.has(record);
        });
        return operator.apply(rows.take(Int32Array.from(kept))).eventTimes;
      },
    };
  }

  async #plainRows(block: RecordBlock, batch: Batch): Promise<BlockRows> {
    const startRow = this.#decoder === undefined ? 0 : batch.numRows;
    const { rows, noRows } = await this.#rowsOf(block, batch);
    return {
      batch: rows,
      startRow,
      rejections: noRows.filter(isRejection),
      records: () => goodRecords(block, noRows),
      eventTimes: () => undefined,
    };
  }

  /** The rows of a block as they are decoded, behind those of `batch` if there is one. */
  async #rowsOf(
    block: RecordBlock,
    batch?: Batch,
  ): Promise<{ rows: Batch; noRows: NoRow[] }> {
    if (this.#decoder === undefined) return { rows: typedRows(block), noRows: [] };
    const rows = batch ?? new Batch(this.#decoder.schema, block.count);
    return { rows, noRows: await this.#decoder.decode(block, rows) };
  }
}

function typedRows({ rows, topic, partition }: RecordBlock): Batch {
  if (rows !== undefined) return rows;
  throw new SluiceError("BAD_SOURCE", {
    attempted: "read rows",
    where: `${topic}-${partition}`,
    found: "records without rows",
    wanted: "a row for each record, as the source has a schema",
  });
}

/** For each row that a decoder makes of a block, the index of its record. */
function goodRecords(block: RecordBlock, noRows: readonly NoRow[]): Int32Array {
  const others = new Set(noRows.map(({ index }) => index));
  const good = new Int32Array(block.count - others.size);
  for (let record = 0, row = 0; record < block.count; record++) {
    if (!others.has(record)) good[row++] = record;
  }
  return good;
}

/** An operator that throws stops the query: the error then says where. */
function applyTo(block: RecordBlock, batch: Batch, operator: Operator): OperatorResult {
  try {
    return operator.apply(batch);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const { topic, partition, count } = block;
    const offsets = `offsets ${recordOffset(block, 0)} to ${recordOffset(block, count - 1)}`;
    const place = error.details.where === undefined
      ? offsets
      : `${error.details.where} of ${offsets}`;
    throw new SluiceError(error.code, {
      ...error.details,
      where: `${topic}-${partition}, ${place}`,
    });
  }
}
