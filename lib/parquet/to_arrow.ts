import type { Table } from "apache-arrow";
import type { Batch } from "../core/mod.ts";
import { arrowStream } from "./arrow_stream.ts";

/**
 * Batches of one schema as an Arrow table, for plots, DuckDB and whatever else speaks Arrow; a
 * record batch for each.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { toArrow } from "./to_arrow.ts";
 *
 * const batch = new Batch(s.struct({ id: s.long(), name: s.string() }));
 * batch.append({ id: 9007199254740993n, name: "a" });
 * const table = await toArrow([batch]);
 * equal(table.getChild("id")?.get(0), 9007199254740993n);
 * ```
 */
export async function toArrow(batches: readonly Batch[]): Promise<Table> {
  // Loaded when it is asked for: pipelines never do, and it takes a tenth of a second.
  const { Table, tableFromIPC } = await import("apache-arrow");
  return new Table(batches.flatMap((batch) => tableFromIPC(arrowStream(batch)).batches));
}
