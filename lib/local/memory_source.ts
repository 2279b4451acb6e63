import {
  badOption,
  Batch,
  type BatchLimits,
  batchLimits,
  type OffsetRange,
  type Offsets,
  type RangeReader,
  type ReadOptions,
  refuseUnknownOptions,
  type RowSource,
  type Schema,
  SluiceError,
} from "../core/mod.ts";
import { RowRangeReader } from "./row_range_reader.ts";

/** How a source in memory hands over its rows. */
export interface MemorySourceOptions extends BatchLimits {
  /** In how many partitions the rows are kept, one after the other in turn; absent: 1. */
  readonly partitions?: number;
}

const ATTEMPTED = "make a source in memory";
const TOPIC = "memory";
const LOSS_HINT =
  "the rows were in the memory of another process and are gone: start a new query with an empty " +
  "checkpointLocation";

/** Rows that a program adds while a query reads them. Make it with `memorySource`. */
export class MemorySource<Row> implements RowSource<Row> {
  /** Names and types of the rows' columns. */
  readonly schema: Schema<Row>;
  /** As in Spark's progress. */
  readonly description = "MemoryStream[memory]";
  /** Rows do not vanish as long as the program runs. */
  readonly failOnDataLoss = true;
  /** What to do when they did. */
  readonly lossHint: string = LOSS_HINT;
  /** How much one batch may take. */
  readonly limits: BatchLimits;
  /** A checkpoint that has read other rows than those of this source must not go on with it. */
  readonly #id = crypto.randomUUID();
  readonly #partitions: readonly Batch<Row>[];
  #next = 0;

  /** Use `memorySource`. */
  constructor(schema: Schema<Row>, partitions: number, limits: BatchLimits) {
    this.schema = schema;
    this.limits = limits;
    this.#partitions = Array.from({ length: partitions }, () => new Batch(schema));
  }

  /**
   * Adds rows; a running query takes them up with its next batch.
   *
   * @throws {SluiceError} `BAD_VALUE` naming the column of a row that does not fit the schema; the
   * rows before it are added.
   */
  add(...rows: Row[]): void {
    for (const row of rows) {
      this.#partitions[this.#next]!.append(row);
      this.#next = (this.#next + 1) % this.#partitions.length;
    }
  }

  /** One id for as long as the program runs. */
  identities(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({ [TOPIC]: this.#id });
  }

  /** All rows are read. */
  initialOffsets(): Promise<Offsets> {
    return this.earliestOffsets();
  }

  /** No row is ever forgotten. */
  earliestOffsets(): Promise<Offsets> {
    return Promise.resolve(this.#offsets(() => 0n));
  }

  /** How many rows each partition has. */
  latestOffsets(): Promise<Offsets> {
    return Promise.resolve(this.#offsets((rows) => BigInt(rows.numRows)));
  }

  /** How many rows each partition has. */
  logEndOffsets(): Promise<Offsets> {
    return this.latestOffsets();
  }

  /** Reads `[start, end)`. */
  read(start: Offsets, end: Offsets, options: ReadOptions): RangeReader {
    return new RowRangeReader(start, end, options, (range) => this.#rowsOf(range));
  }

  /** Nobody asks. */
  publishProgress(): Promise<void> {
    return Promise.resolve();
  }

  /** Keeps the rows: another query may read them too. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  #offsets(offsetOf: (rows: Batch<Row>) => bigint): Offsets {
    return { [TOPIC]: Object.fromEntries(this.#partitions.map((rows, p) => [p, offsetOf(rows)])) };
  }

  #rowsOf({ topic, partition, startOffset, endOffsetExclusive }: OffsetRange): Batch {
    const rows = topic === TOPIC ? this.#partitions[partition] : undefined;
    if (rows === undefined || BigInt(rows.numRows) < endOffsetExclusive) {
      throw new SluiceError("DATA_LOSS", {
        attempted: "read the planned range of a source in memory",
        where: `${topic}-${partition}`,
        found: rows === undefined ? "no such partition" : `${rows.numRows} rows`,
        wanted: `rows up to ${endOffsetExclusive}`,
        hint: LOSS_HINT,
      });
    }
    const first = Number(startOffset);
    const count = Number(endOffsetExclusive) - first;
    // Copied: rows are added while a batch is on its way.
    return rows.take(Int32Array.from({ length: count }, (_, i) => first + i)) as unknown as Batch;
  }
}

/**
 * A source that a program feeds itself, as Spark's MemoryStream: for lessons and tests. Its rows
 * are gone when the program ends.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../core/mod.ts";
 * import { memorySource } from "./mod.ts";
 *
 * const clicks = memorySource(s.struct({ user: s.string(), page: s.long() }));
 * clicks.add({ user: "ann", page: 1n }, { user: "bob", page: 2n });
 * const { signal } = new AbortController();
 * const latest = await clicks.latestOffsets();
 * for await (const { rows } of clicks.read({}, latest, { signal })) {
 *   deepEqual(rows!.row(1), { user: "bob", page: 2n });
 * }
 * ```
 */
export function memorySource<Row>(
  schema: Schema<Row>,
  options: MemorySourceOptions = {},
): MemorySource<Row> {
  const known = ["partitions", "maxOffsetsPerTrigger", "maxBytesPerTrigger"];
  refuseUnknownOptions(ATTEMPTED, options, known);
  const { partitions = 1 } = options;
  if (!(Number.isSafeInteger(partitions) && partitions > 0)) {
    throw badOption(ATTEMPTED, "partitions", String(partitions), "a whole number above 0");
  }
  return new MemorySource(schema, partitions, batchLimits(ATTEMPTED, options));
}
