import {
  Batch,
  type DeadLetter,
  MAX_TIMESTAMP_MICROS,
  type RecordHeader,
  Schema,
  schema as s,
} from "../core/mod.ts";

/** The name of the table for dead letters where nobody gives another. */
export const DEAD_LETTER_TABLE = "dead_letters";

/** What a dead-letter table is compared with; `headers` stands for JSON, as all nested types do. */
export const DeadLetterSchema: Schema = s.struct({
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
export const FilledDeadLetterSchema: Schema = new Schema(
  DeadLetterSchema.fields.map((field) =>
    field.name === "headers" ? { ...field, type: "string" } : field
  ),
);

const MAX_TIMESTAMP_MS = Number(MAX_TIMESTAMP_MICROS / 1000n);
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The dead letters of a batch, and whose they are. */
export interface BatchDeadLetters {
  /** The query's id. */
  readonly queryId: string;
  /** The sink that keeps them. */
  readonly sinkName: string;
  /** The batch that they are of. */
  readonly batchId: number;
  /** What could not become rows. */
  readonly deadLetters: readonly DeadLetter[];
}

/**
 * Dead letters as rows.
 *
 * @param takesText False for well-formed text that the database cannot hold in JSON: it is kept in base64.
 */
export function deadLetterRows(
  { queryId, sinkName, batchId, deadLetters }: BatchDeadLetters,
  takesText: (text: string) => boolean,
): Batch {
  const batch = new Batch<Record<string, unknown>>(FilledDeadLetterSchema, deadLetters.length);
  for (const letter of deadLetters) {
    batch.append({
      query_id: queryId,
      sink: sinkName,
      batch_id: BigInt(batchId),
      topic: letter.topic,
      partition: letter.partition,
      offset: letter.offset,
      timestamp: timestampMicros(letter.timestampMs),
      key: letter.key,
      value: letter.value,
      headers: `[${letter.headers.map((header) => headerJson(header, takesText)).join(",")}]`,
      error: letter.error.toWellFormed(),
    });
  }
  return batch;
}

// Kafka takes any number for a timestamp; null where no calendar has it.
function timestampMicros(timestampMs: number): bigint | null {
  return timestampMs < 0 || timestampMs > MAX_TIMESTAMP_MS ? null : BigInt(timestampMs) * 1000n;
}

function headerJson({ key, value }: RecordHeader, takesText: (text: string) => boolean): string {
  const name = key.isWellFormed() && takesText(key)
    ? `"key":${JSON.stringify(key)}`
    : `"keyBase64":"${new TextEncoder().encode(key).toBase64()}"`;
  if (value === null) return `{${name},"value":null}`;
  const text = textOf(value);
  return text === undefined || !takesText(text)
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
