import {
  Batch,
  type Decoder,
  type RecordBlock,
  recordOffset,
  type Rejection,
  type Schema,
  SluiceError,
} from "../core/mod.ts";
import { chainOperators, type Operator, type OperatorResult } from "../transforms/mod.ts";

/** What was made of a block of records. */
export interface BlockRows {
  /** The block's rows, from `startRow` to its end. */
  readonly batch: Batch;
  readonly startRow: number;
  /** The records that no row could be made of, ascending. */
  readonly rejections: readonly Rejection[];
  /** For each row of the block, the index of the record that it was made from; ascending. */
  records(): ArrayLike<number>;
}

/** How a query makes rows of records: a decoder, and the operators behind it as one. */
export class RowMaker<Row = Record<string, unknown>> {
  /** The rows that come out at the end. */
  readonly schema: Schema<Row>;
  readonly #decoder: Decoder;
  readonly #operator: Operator | undefined;

  private constructor(schema: Schema<Row>, decoder: Decoder, operator?: Operator) {
    this.schema = schema;
    this.#decoder = decoder;
    this.#operator = operator;
  }

  /** The rows as they are decoded. */
  static of<Row>(decoder: Decoder<Row>): RowMaker<Row> {
    return new RowMaker(decoder.schema, decoder as unknown as Decoder);
  }

  /** True if `make` gives each block a batch of its own. */
  get makesParts(): boolean {
    return this.#operator !== undefined;
  }

  /** The same rows, handed to one more operator. */
  with<Out>(operator: Operator<Row, Out>): RowMaker<Out> {
    // Only the types of the first and the last rows are known here; `Pipeline` knows all between.
    const last = operator as unknown as Operator;
    const chain = this.#operator === undefined ? last : chainOperators(this.#operator, last);
    return new RowMaker(operator.schema, this.#decoder, chain);
  }

  /**
   * Makes rows of a block: behind those of `batch`, or, where operators change their shape, in a
   * batch of their own.
   */
  async make(block: RecordBlock, batch: Batch): Promise<BlockRows> {
    if (this.#operator === undefined) {
      const startRow = batch.numRows;
      const rejections = await this.#decoder.decode(block, batch);
      return { batch, startRow, rejections, records: () => goodRecords(block, rejections) };
    }
    const decoded = new Batch(this.#decoder.schema, block.count);
    const undecoded = await this.#decoder.decode(block, decoded);
    const made = applyTo(block, decoded, this.#operator);
    const good = goodRecords(block, undecoded);
    const failed = made.rejections.map(({ index, error }) => ({ index: good[index]!, error }));
    return {
      batch: made.batch,
      startRow: 0,
      rejections: [...undecoded, ...failed].sort((a, b) => a.index - b.index),
      records: () => made.origins.map((row) => good[row]!),
    };
  }
}

/** For each row that a decoder makes of a block, the index of its record. */
function goodRecords(block: RecordBlock, rejections: readonly Rejection[]): Int32Array {
  const bad = new Set(rejections.map((rejection) => rejection.index));
  const good = new Int32Array(block.count - bad.size);
  for (let record = 0, row = 0; record < block.count; record++) {
    if (!bad.has(record)) good[row++] = record;
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
