import { type DeadLetter, MAX_TIMESTAMP_MICROS, type RecordHeader } from "../../core/mod.ts";
import { Batch, schema as s } from "../../core/mod.ts";
import type { CellWriter } from "../copy/cell_writer.ts";
import { columnWriter } from "../copy/column_writer.ts";
import { JsonbWriter } from "../copy/jsonb_writer.ts";
import { encodeCells } from "../copy/copy_binary.ts";
import { quoteName, quoteTable, type TableName } from "../table.ts";

/** The name of the table for dead letters where nobody gives another. */
export const DEAD_LETTER_TABLE = "dead_letters";

/** What a dead-letter table is compared with; `headers` stands for `jsonb`, as all nested types do. */
export const DeadLetterSchema = s.struct({
  query_id: s.string(),
  sink: s.string(),
  batch_id: s.long(),
  topic: s.string(),
  partition: s.integer(),
  offset: s.long(),
  timestamp: s.timestamp().nullable(),
  key: s.binary().nullable(),
  value: s.binary().nullable(),
  headers: s.array(s.struct({ key: s.string(), value: s.string().nullable() })),
  error: s.string(),
});

/** The same rows as they are filled in: headers are JSON text already. */
const FilledSchema = s.struct({
  query_id: s.string(),
  sink: s.string(),
  batch_id: s.long(),
  topic: s.string(),
  partition: s.integer(),
  offset: s.long(),
  timestamp: s.timestamp().nullable(),
  key: s.binary().nullable(),
  value: s.binary().nullable(),
  headers: s.string(),
  error: s.string(),
});

const HEADERS_INDEX = FilledSchema.fields.findIndex(({ name }) => name === "headers");
const MAX_TIMESTAMP_MS = Number(MAX_TIMESTAMP_MICROS / 1000n);

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
  const columns = FilledSchema.fields.map(({ name }) => quoteName(name)).join(", ");
  return `copy ${quoteTable(table)} (${columns}) from stdin (format binary)`;
}

/** Dead letters of one batch in binary COPY format. */
export function encodeDeadLetters(
  deadLetters: readonly DeadLetter[],
  queryId: string,
  sink: string,
  batchId: number,
): Generator<Uint8Array, void> {
  const batch = new Batch(FilledSchema, deadLetters.length);
  for (const letter of deadLetters) {
    batch.append({
      query_id: queryId,
      sink,
      batch_id: BigInt(batchId),
      topic: letter.topic,
      partition: letter.partition,
      offset: letter.offset,
      timestamp: timestampMicros(letter.timestampMs),
      key: letter.key,
      value: letter.value,
      headers: `[${letter.headers.map(headerJson).join(",")}]`,
      error: letter.error.toWellFormed().replaceAll("\0", "\uFFFD"),
    });
  }
  const writers: CellWriter[] = batch.columns.map((column, i) =>
    i === HEADERS_INDEX ? new JsonbWriter(column) : columnWriter(column)
  );
  return encodeCells(writers, 0, batch.numRows);
}

// Kafka takes any number for a timestamp; null where no calendar has it.
function timestampMicros(timestampMs: number): bigint | null {
  return timestampMs < 0 || timestampMs > MAX_TIMESTAMP_MS ? null : BigInt(timestampMs) * 1000n;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function headerJson({ key, value }: RecordHeader): string {
  const name = isJsonbText(key)
    ? `"key":${JSON.stringify(key)}`
    : `"keyBase64":"${new TextEncoder().encode(key).toBase64()}"`;
  if (value === null) return `{${name},"value":null}`;
  const text = textOf(value);
  return text === undefined
    ? `{${name},"valueBase64":"${value.toBase64()}"}`
    : `{${name},"value":${JSON.stringify(text)}}`;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = strictUtf8.decode(bytes);
    return isJsonbText(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function isJsonbText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
