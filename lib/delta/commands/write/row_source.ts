import { Batch, type Schema, SluiceError } from "../../../core/mod.ts";
import { fitBatch, type RowTarget } from "./fit_batch.ts";
import { ObjectBatches, type TableRow } from "./object_batches.ts";

/**
 * Rows to be written: a batch, many batches, or objects. A source that can be gone through only once
 * will do, but cannot be read again where another commit changes the table's columns meanwhile.
 */
export type RowSource =
  | Batch
  | Iterable<Batch>
  | Iterable<TableRow>
  | AsyncIterable<Batch>
  | AsyncIterable<TableRow>;

type RowIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** Rows of any source as batches that fit a table. */
export class RowReader {
  readonly #source: Iterable<unknown> | AsyncIterable<unknown>;
  /** Begun, with its first item taken; `undefined` once it has been read. */
  #begun: { readonly iterator: RowIterator; readonly first: IteratorResult<unknown> } | undefined;
  /** The columns of the first batch; `undefined` if the rows are objects. */
  readonly schema: Schema | undefined;
  /** True if there is nothing to write. */
  readonly isEmpty: boolean;

  private constructor(
    source: Iterable<unknown> | AsyncIterable<unknown>,
    iterator: RowIterator,
    first: IteratorResult<unknown>,
    schema: Schema | undefined,
  ) {
    this.#source = source;
    this.#begun = { iterator, first };
    this.isEmpty = first.done === true;
    this.schema = schema;
  }

  /** Begins to read, as far as the first row or batch. Call `close` in the end. */
  static async open(rows: RowSource): Promise<RowReader> {
    const source = rows instanceof Batch ? [rows] : rows;
    const iterator = iteratorOf(source);
    let schema: Schema | undefined;
    for (;;) {
      const first = await iterator.next();
      if (first.value instanceof Batch) {
        schema ??= first.value.schema;
        if (first.value.numRows === 0) continue;
      }
      return new RowReader(source, iterator, first, schema);
    }
  }

  /**
   * The rows in batches of bounded size, with the table's columns; those that the rows do not have
   * are left out.
   *
   * @throws {SluiceError} `BAD_VALUE` naming the row and the column; `SCHEMA_MISMATCH`;
   * `SOURCE_CONSUMED` if it is read again and can be read only once.
   */
  async *read(target: RowTarget): AsyncGenerator<Batch> {
    const { iterator, first } = this.#begin();
    const objects = new ObjectBatches(target);
    let result = first ?? await iterator.next();
    try {
      while (result.done !== true) {
        const batch = result.value instanceof Batch
          ? fitBatch(result.value, target)
          : objects.add(result.value);
        if (batch !== undefined && batch.numRows > 0) yield batch;
        const next = iterator.next();
        // Not a turn of the event loop for each object of an array.
        result = next instanceof Promise ? await next : next;
      }
      const rest = objects.take();
      if (rest !== undefined) yield rest;
    } finally {
      if (result.done !== true) await iterator.return?.();
    }
  }

  /** Ends a source that has been begun and was not read to its end. */
  async close(): Promise<void> {
    const begun = this.#begun;
    this.#begun = undefined;
    if (begun?.first.done === false) await begun.iterator.return?.();
  }

  #begin(): { readonly iterator: RowIterator; readonly first?: IteratorResult<unknown> } {
    const begun = this.#begun;
    this.#begun = undefined;
    if (begun !== undefined) return begun;
    const iterator = iteratorOf(this.#source);
    if (!Object.is(iterator, this.#source)) return { iterator };
    throw new SluiceError("SOURCE_CONSUMED", {
      attempted: "write rows anew, since another commit has changed the table",
      found: "an iterator that has been read",
      wanted: "rows that can be read twice: a Batch, an array, or another iterable object",
      hint: "run the operation again with a fresh iterator",
      retryable: true,
    });
  }
}

function iteratorOf(source: Iterable<unknown> | AsyncIterable<unknown>): RowIterator {
  return Symbol.asyncIterator in source
    ? source[Symbol.asyncIterator]()
    : source[Symbol.iterator]();
}
