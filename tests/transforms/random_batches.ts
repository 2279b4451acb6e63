import { Batch, type Schema } from "../../lib/core/mod.ts";
import type { Random } from "../support/random.ts";

/** A batch of these rows. */
export function batchOf<Row>(schema: Schema<Row>, rows: Iterable<Row>): Batch {
  const batch = new Batch(schema);
  for (const row of rows) batch.append(row);
  return batch as unknown as Batch;
}

/** Rows cut into lists of random lengths, some of them empty, in their order. */
export function cut<Row>(random: Random, rows: readonly Row[], most: number): Row[][] {
  const parts: Row[][] = [];
  for (let start = 0; start < rows.length;) {
    const end = start + random.integer(0, most);
    parts.push(rows.slice(start, end));
    start = end;
  }
  return parts;
}

/** Faults for an `OperatorRunner`: about every third batch is tried twice, or after a restart. */
export function randomFaults(random: Random): () => "rollback" | "reopen" | "both" | undefined {
  return () => random.pick(["rollback", "reopen", "both", undefined, undefined, undefined]);
}

/** Rows as texts, sorted: what is equal for two lists of the same rows in any order. */
export function sortedTexts(rows: Iterable<unknown>): string[] {
  return [...rows].map((row) => JSON.stringify(row, (_, value) => plain(value))).sort();
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return Object.is(value, -0) || Number.isNaN(value) ? String(value) : value;
}
