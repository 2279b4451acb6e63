import {
  type BatchDeadLetters,
  deadLetterRows,
  FilledDeadLetterSchema,
} from "../../database/mod.ts";
import type { CellWriter } from "../copy/cell_writer.ts";
import { columnWriter } from "../copy/column_writer.ts";
import { JsonbWriter } from "../copy/jsonb_writer.ts";
import { encodeCells } from "../copy/copy_binary.ts";
import { quoteName, quoteTable, type TableName } from "../table.ts";

const { fields } = FilledDeadLetterSchema;
const HEADERS_INDEX = fields.findIndex(({ name }) => name === "headers");

/**
 * The `create table if not exists` of the dead-letter table. It has no unique key: a stalled run
 * that has copied the same dead letters would keep its successor waiting on it.
 */
export function createDeadLetterTableSql(table: TableName): string {
  return `create table if not exists ${quoteTable(table)} (
  query_id text not null,
  sink text not null,
  batch_id bigint not null,
  topic text not null,
  partition integer not null,
  "offset" bigint not null,
  "timestamp" timestamptz,
  key bytea,
  value bytea,
  headers jsonb not null,
  error text not null,
  dead_at timestamptz not null default now()
)`;
}

/** The `copy` that takes what `encodeDeadLetters` makes. */
export function copyDeadLettersSql(table: TableName): string {
  const columns = fields.map(({ name }) => quoteName(name)).join(", ");
  return `copy ${quoteTable(table)} (${columns}) from stdin (format binary)`;
}

/** Dead letters of one batch in binary COPY format. */
export function encodeDeadLetters(letters: BatchDeadLetters): Generator<Uint8Array, void> {
  // Postgres holds no U+0000 in text.
  const deadLetters = letters.deadLetters.map((letter) => ({
    ...letter,
    error: letter.error.replaceAll("\0", "\uFFFD"),
  }));
  const batch = deadLetterRows({ ...letters, deadLetters }, (text) => !text.includes("\0"));
  const writers: CellWriter[] = batch.columns.map((column, i) =>
    i === HEADERS_INDEX ? new JsonbWriter(column) : columnWriter(column)
  );
  return encodeCells(writers, 0, batch.numRows);
}
