import {
  formatOffsets,
  isRecord,
  type Offsets,
  parseOffsets,
  SluiceError,
} from "../../core/mod.ts";

/** What `offsets/N` says: how batch N is run, whatever crashes. */
export interface OffsetEntry {
  /** The watermark that the batch is run with, in milliseconds since 1970; 0 if there is none. */
  readonly watermarkMs: number;
  /** When it was planned, in milliseconds since 1970: its processing time. */
  readonly timestampMs: number;
  /** Where it ends in each source (exclusive); `undefined` where no offset was known yet. */
  readonly endOffsets: readonly (Offsets | undefined)[];
  /** The settings that Spark runs the batch with: they go on from plan to plan. */
  readonly conf: Readonly<Record<string, string>>;
}

/**
 * The settings of a query that Spark has not planned a batch of, with Spark's default. Spark 4.2 does
 * not go on with a planned batch if this one is missing in its plan, or differs from the plan before.
 */
export const DEFAULT_CONF: Readonly<Record<string, string>> = {
  "spark.sql.shuffle.partitions": "200",
};

/** As Spark writes a source of which no offset is known yet. */
const NO_OFFSETS = "-";

/** The lines of an entry: first what is Spark's `OffsetSeqMetadata`, then a line for each source. */
export function offsetLines(entry: OffsetEntry): string[] {
  const metadata = JSON.stringify({
    batchWatermarkMs: entry.watermarkMs,
    batchTimestampMs: entry.timestampMs,
    conf: entry.conf,
  });
  return [
    metadata,
    ...entry.endOffsets.map((end) => end === undefined ? NO_OFFSETS : formatOffsets(end)),
  ];
}

/**
 * Reads an entry.
 *
 * @throws {SluiceError} `BAD_CHECKPOINT` if it is none.
 */
export function readOffsetLines(lines: readonly string[], path: string): OffsetEntry {
  const [metadata, ...sources] = lines;
  return {
    watermarkMs: metadataNumber(metadata, "batchWatermarkMs", path),
    timestampMs: metadataNumber(metadata, "batchTimestampMs", path),
    endOffsets: sources.map((line) => line === NO_OFFSETS ? undefined : offsetsIn(line, path)),
    conf: confIn(metadata),
  };
}

/** The settings in a line of JSON that Spark writes; none in old checkpoints. */
function confIn(line: string | undefined): Readonly<Record<string, string>> {
  const metadata: unknown = JSON.parse(line ?? "");
  const conf = isRecord(metadata) && isRecord(metadata.conf) ? metadata.conf : {};
  const texts = Object.entries(conf).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(texts as [string, string][]);
}

/** A number in a line of JSON that Spark writes; 0 if it is not there, as in old checkpoints. */
export function metadataNumber(line: string | undefined, name: string, path: string): number {
  try {
    const parsed: unknown = JSON.parse(line ?? "");
    const value = isRecord(parsed) ? parsed[name] ?? 0 : undefined;
    if (Number.isSafeInteger(value)) return value as number;
  } catch {
    // Not JSON: told below.
  }
  throw new SluiceError("BAD_CHECKPOINT", {
    attempted: "read the checkpoint",
    where: path,
    found: JSON.stringify(line?.slice(0, 80)),
    wanted: `{"${name}":…}`,
    hint: "the file is damaged: restore the checkpoint from a backup",
  });
}

/**
 * Reads offsets.
 *
 * @throws {SluiceError} `BAD_CHECKPOINT` if the line holds none.
 */
export function offsetsIn(line: string | undefined, path: string): Offsets {
  const offsets = line === undefined ? undefined : parseOffsets(line);
  if (offsets !== undefined) return offsets;
  throw new SluiceError("BAD_CHECKPOINT", {
    attempted: "read offsets",
    where: path,
    found: JSON.stringify(line?.slice(0, 80)),
    wanted: '{"topic":{"partition":offset}}',
  });
}
