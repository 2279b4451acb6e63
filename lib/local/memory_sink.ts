import {
  badOption,
  type Batch,
  type CommitOutcome,
  type DeadLetter,
  jsonText,
  type MicroBatch,
  type OutputMode,
  refuseUnknownOptions,
  type Sink,
  type SinkContext,
  type SinkWriter,
  SluiceError,
} from "../core/mod.ts";

/** What a sink in memory is called. */
export interface MemorySinkOptions {
  /** Tells it from other sinks in memory of the same query; absent: `memory`. */
  readonly queryName?: string;
}

const ATTEMPTED = "make a sink in memory";

/** Keeps the rows of a query in memory. Make it with `memorySink`. */
export class MemorySink<Row = Record<string, unknown>> implements Sink {
  /** `memory(trades)`. */
  readonly name: string;
  /** They are kept too. */
  readonly takesDeadLetters = true;
  /** All there are. */
  readonly outputModes: readonly OutputMode[] = ["append", "update", "complete"];
  /** The records that could not become rows, in the order they came. */
  readonly deadLetters: DeadLetter[] = [];
  /** The result by key; in append mode and where there is no key, every row has its own. */
  readonly #rows = new Map<string, Row>();
  /** The newest batch of each query. */
  readonly #batchIds = new Map<string, number>();
  #numKeyless = 0;

  /** Use `memorySink`. */
  constructor(queryName: string) {
    this.name = queryName === "" ? "memory" : `memory(${queryName})`;
  }

  /** The result as it is now: in append mode all rows, else those that are in the result still. */
  get rows(): Row[] {
    return [...this.#rows.values()];
  }

  /** Takes up a query, where it stopped if it wrote here before. */
  open({ queryId, outputMode, keyColumns }: SinkContext): Promise<SinkWriter> {
    const lastBatchId = () => this.#batchIds.get(queryId);
    const mine = new Set<number>();
    const commit = (batch: MicroBatch): CommitOutcome => {
      const { batchId } = batch;
      if ((lastBatchId() ?? -1) >= batchId && !mine.has(batchId)) {
        return { status: "alreadyCommitted" };
      }
      if (!mine.has(batchId)) {
        const changes = changesOf(batch, outputMode === "update" ? keyColumns : []);
        this.#apply(changes as Changes<Row>, outputMode);
        this.deadLetters.push(...batch.deadLetters);
        this.#batchIds.set(queryId, batchId);
        mine.add(batchId);
      }
      return { status: "committed", numOutputRows: batch.batch.numRows };
    };
    return Promise.resolve({
      // What another process kept is gone, and that is no reason to refuse to go on.
      lastBatchId: () => Promise.resolve(lastBatchId()),
      stage: (batch) =>
        Promise.resolve({
          commit: () => new Promise((resolve) => resolve(commit(batch))),
          abort: () => Promise.resolve(),
        }),
      close: () => Promise.resolve(),
    });
  }

  /** One step without a wait in it: nobody ever sees half a batch. */
  #apply({ deleted, rows }: Changes<Row>, outputMode: OutputMode): void {
    if (outputMode === "complete") this.#rows.clear();
    for (const key of deleted) this.#rows.delete(key);
    for (const { key, row } of rows) this.#rows.set(key ?? `#${this.#numKeyless++}`, row);
  }
}

/** What a batch does to the result. */
interface Changes<Row> {
  readonly deleted: readonly string[];
  readonly rows: readonly { readonly key: string | undefined; readonly row: Row }[];
}

function changesOf(
  { batch, deletes }: MicroBatch,
  keyColumns: readonly string[],
): Changes<Record<string, unknown>> {
  const keyOf = (rows: Batch, index: number) => {
    const key = keyColumns.map((name) => jsonText(rows.column(name), index));
    return key.length === 0 ? undefined : key.join(",");
  };
  const deleted = Array.from({ length: deletes?.numRows ?? 0 }, (_, i) => {
    const key = keyOf(deletes!, i);
    if (key !== undefined) return key;
    throw new SluiceError("BAD_PIPELINE", {
      attempted: "take rows away from a result in memory",
      found: "no key columns",
      wanted: "columns that tell the rows apart",
    });
  });
  const rows = Array.from({ length: batch.numRows }, (_, i) => ({
    key: keyOf(batch, i),
    row: batch.row(i),
  }));
  return { deleted, rows };
}

/**
 * Keeps the result of a query in memory, as Spark's memory sink, for lessons and tests: in append
 * mode all rows, in complete mode those of the newest batch. In update mode the rows are kept by
 * the result's key: a new row takes the place of the one before it, and a row that went is taken
 * away. Each batch is there once, however often it is tried.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { memorySink } from "./mod.ts";
 *
 * const sink = memorySink<{ id: bigint }>();
 * const schema = s.struct({ id: s.long() });
 * const context = { queryId: "q", queryName: "q", schema, keyColumns: [] };
 * const writer = await sink.open({ ...context, outputMode: "append" });
 *
 * const batch = new Batch(schema);
 * batch.append({ id: 1n });
 * const microBatch = { batchId: 0, batch, deadLetters: [], startOffsets: {}, endOffsets: {} };
 * await (await writer.stage(microBatch)).commit();
 * await (await writer.stage(microBatch)).commit(); // it has the batch: nothing happens
 * deepEqual(sink.rows, [{ id: 1n }]);
 * ```
 */
export function memorySink<Row = Record<string, unknown>>(
  options: MemorySinkOptions = {},
): MemorySink<Row> {
  refuseUnknownOptions(ATTEMPTED, options, ["queryName"]);
  const { queryName = "" } = options;
  if (typeof queryName !== "string") {
    throw badOption(ATTEMPTED, "queryName", String(queryName), "a name");
  }
  return new MemorySink(queryName);
}
