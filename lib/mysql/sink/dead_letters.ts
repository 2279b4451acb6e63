import {
  Batch,
  type DeadLetter,
  MAX_TIMESTAMP_MICROS,
  type RecordHeader,
  schema as s,
} from "../../core/mod.ts";
import { createTableSql, type TableName } from "../table.ts";

/** The name of the table for dead letters where nobody gives another. */
export const DEAD_LETTER_TABLE = "dead_letters";

/** What a dead-letter table is compared with; `headers` stands for `json`, as all nested types do. */
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

const MAX_TIMESTAMP_MS = Number(MAX_TIMESTAMP_MICROS / 1000n);

/**
 * The `create table if not exists` of the dead-letter table. It has no unique key: a stalled run
 * that has written the same dead letters would keep its successor waiting on it.
 */
export function createDeadLetterTableSql(table: TableName): string {
  return createTableSql(table, [
    "query_id varchar(255) not null",
    "sink varchar(255) not null",
    "batch_id bigint not null",
    "topic varchar(255) not null",
    "`partition` int not null",
    "`offset` bigint not null",
    "`timestamp` datetime(6)",
    "`key` longblob",
    "`value` longblob",
    "headers json not null",
    "error longtext not null",
    "dead_at datetime(6) not null default current_timestamp(6)",
  ]);
}

/** Dead letters of one batch as rows. */
export function deadLetterRows(
  deadLetters: readonly DeadLetter[],
  queryId: string,
  sink: string,
  batchId: number,
): Batch {
  const batch = new Batch<Record<string, unknown>>(FilledSchema, deadLetters.length);
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
      error: letter.error.toWellFormed(),
    });
  }
  return batch;
}

// Kafka takes any number for a timestamp; null where no calendar has it.
function timestampMicros(timestampMs: number): bigint | null {
  return timestampMs < 0 || timestampMs > MAX_TIMESTAMP_MS ? null : BigInt(timestampMs) * 1000n;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function headerJson({ key, value }: RecordHeader): string {
  const name = key.isWellFormed()
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
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}
