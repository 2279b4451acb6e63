import type { Schema } from "../../../lib/core/mod.ts";
import { formatSchema, type StructJson } from "../../../lib/delta/protocol/schema_json.ts";
import type { StreamingQueryProgress } from "../../../lib/streaming/mod.ts";
import { canonicalText } from "../../support/canonical_rows.ts";

/** What an engine makes of a query. */
export interface QueryAnswer {
  /** The columns, as Spark writes schemas. */
  readonly schema: StructJson;
  /** All batches, of all rounds. */
  readonly batches: readonly BatchAnswer[];
}

/** What an engine made of a batch. */
export interface BatchAnswer {
  readonly batchId: number;
  /** The rows, each as the JSON of a list of its values, sorted. */
  readonly rows: readonly string[];
  readonly numInputRows: number;
  /** As in the progress: the watermark that the batch was run with, and the event times in it. */
  readonly eventTime: Readonly<Record<string, string>>;
  /** In the order of the plan, from the sources on. */
  readonly operators: readonly OperatorAnswer[];
}

/** What the progress says of an operator with state. */
export interface OperatorAnswer {
  readonly operatorName: string;
  readonly numRowsTotal: number;
  readonly numRowsUpdated: number;
  readonly numRowsRemoved: number;
  readonly numRowsDroppedByWatermark: number;
}

/** What is to be compared of a progress. */
export function progressAnswer(progress: StreamingQueryProgress): Omit<BatchAnswer, "rows"> {
  const { batchId, numInputRows, eventTime } = progress;
  const operators = progress.stateOperators.map((operator): OperatorAnswer => ({
    operatorName: operator.operatorName,
    numRowsTotal: operator.numRowsTotal,
    numRowsUpdated: operator.numRowsUpdated,
    numRowsRemoved: operator.numRowsRemoved,
    numRowsDroppedByWatermark: operator.numRowsDroppedByWatermark,
  }));
  return { batchId, numInputRows, eventTime: { ...eventTime }, operators };
}

/** Columns as Spark writes them. */
export function schemaAnswer(schema: Schema): StructJson {
  return JSON.parse(formatSchema(schema));
}

/** Rows as the texts that `tests/spark/stream_queries.py` makes too. */
export function rowTexts(
  schema: Schema,
  rows: Iterable<Record<string, unknown>>,
): string[] {
  const text = (row: Record<string, unknown>) =>
    `[${schema.fields.map(({ name, type }) => canonicalText(type, row[name])).join(", ")}]`;
  return Array.from(rows, text).sort();
}
