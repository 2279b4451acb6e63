import {
  badOption,
  isRecord,
  type Offsets,
  parseOffsets,
  parseTimestampMicros,
  SluiceError,
} from "../../core/mod.ts";

const ATTEMPTED = "read from Kafka";

/** Spark's number for "the first offset" in `PartitionOffsets`. */
export const EARLIEST = -2n;
/** Spark's number for "the end" in `PartitionOffsets`. */
export const LATEST = -1n;

/** Text of a JSON object, as Spark takes it: `{"trades":{"0":23,"1":-1}}`. */
export type JsonObjectText = `{${string}`;

/** An offset of each partition, by topic; -2 is `earliest` and -1 is `latest`, as in Spark. */
export type PartitionOffsets = Readonly<
  Record<string, Readonly<Record<number, bigint | number | "earliest" | "latest">>>
>;

/** A point in time: milliseconds since 1970, or ISO 8601 text with a zone. */
export type KafkaTimestamp = number | string;

/** A point in time for each partition, by topic. */
export type PartitionTimestamps = Readonly<
  Record<string, Readonly<Record<number, KafkaTimestamp>>>
>;

/** Where a new query begins: at most one of these; default `startingOffsets: "earliest"`. */
export interface StartingOptions {
  /** Offsets of all partitions, in an object or in Spark's JSON text. */
  readonly startingOffsets?: "earliest" | "latest" | PartitionOffsets | JsonObjectText;
  /** In each partition the first record at that time or later. */
  readonly startingTimestamp?: KafkaTimestamp;
  /** The same with a time of its own for each partition; in JSON text, milliseconds. */
  readonly startingOffsetsByTimestamp?: PartitionTimestamps | JsonObjectText;
  /** What to do about a partition without a record so late; default `error`, else begin at its end. */
  readonly startingOffsetsByTimestampStrategy?: "error" | "latest";
}

/** Where a query ends (exclusive): at most one of these; absent: it goes on for ever. */
export interface EndingOptions {
  /** Offsets of all partitions; `latest` is where they end when the query starts. */
  readonly endingOffsets?: "latest" | PartitionOffsets | JsonObjectText;
  /** In each partition the first record at that time or later, or where there is none the end. */
  readonly endingTimestamp?: KafkaTimestamp;
  /** The same with a time of its own for each partition; in JSON text, milliseconds. */
  readonly endingOffsetsByTimestamp?: PartitionTimestamps | JsonObjectText;
}

/** The names in `StartingOptions` and `EndingOptions`. */
export const OFFSET_OPTIONS: readonly string[] = [
  "startingOffsets",
  "startingTimestamp",
  "startingOffsetsByTimestamp",
  "startingOffsetsByTimestampStrategy",
  "endingOffsets",
  "endingTimestamp",
  "endingOffsetsByTimestamp",
];

/** Where to begin or end, before the cluster was asked. `option` is the one that says so. */
export type OffsetRangeLimit =
  | { readonly kind: "earliest"; readonly option: string }
  | { readonly kind: "latest"; readonly option: string }
  /** With `EARLIEST` and `LATEST` among them. */
  | { readonly kind: "offsets"; readonly option: string; readonly offsets: Offsets }
  | TimestampLimit;

/** A point in time for all partitions, or one for each. */
export type TimestampLimit =
  | { readonly kind: "timestamp"; readonly option: string; readonly timestampMs: bigint }
  | { readonly kind: "timestamps"; readonly option: string; readonly timestampsMs: Offsets };

/** Where a query begins, and where it ends if it does. */
export interface OffsetRangeLimits {
  readonly starting: OffsetRangeLimit;
  readonly ending: OffsetRangeLimit | undefined;
}

/**
 * Reads the options.
 *
 * @throws {SluiceError} `BAD_OPTION` for values that mean nothing, and for an end before the start.
 */
export function offsetRangeLimits(options: StartingOptions & EndingOptions): OffsetRangeLimits {
  const starting = limitOf("starting", options) ??
    { kind: "earliest", option: "startingOffsets" };
  const ending = limitOf("ending", options);
  if (ending !== undefined) refuseEndBeforeStart(starting, ending);
  return { starting, ending };
}

function limitOf(
  side: "starting" | "ending",
  options: StartingOptions & EndingOptions,
): OffsetRangeLimit | undefined {
  const given = ([`${side}Timestamp`, `${side}OffsetsByTimestamp`, `${side}Offsets`] as const)
    .filter((name) => options[name] !== undefined);
  const option = given[0];
  if (option === undefined) return undefined;
  if (given.length > 1) {
    throw badOption(ATTEMPTED, option, `option "${given[1]}" too`, "one of the two");
  }
  const value = options[option];
  if (option === `${side}Timestamp`) {
    return { kind: "timestamp", option, timestampMs: timestampMs(option, value) };
  }
  if (option === `${side}OffsetsByTimestamp`) {
    const timestampsMs = perPartition(option, value, (each) => timestampMs(option, each));
    return { kind: "timestamps", option, timestampsMs };
  }
  if (value === "latest" || (value === "earliest" && side === "starting")) {
    return { kind: value, option };
  }
  const offsets = perPartition(option, value, (each) => {
    const offset = offsetOf(each);
    if (offset !== undefined && (offset !== EARLIEST || side === "starting")) return offset;
    throw wrongOffsets(option, each);
  });
  return { kind: "offsets", option, offsets };
}

/** Calls `convert` with the value of each partition, from an object or from JSON text. */
function perPartition(
  option: string,
  value: unknown,
  convert: (value: unknown) => bigint,
): Offsets {
  const byTopic = typeof value === "string" ? parseOffsets(value) : value;
  if (!isRecord(byTopic)) throw wrongOffsets(option, value);
  const offsets: Record<string, Record<number, bigint>> = {};
  for (const [topic, partitions] of Object.entries(byTopic)) {
    if (!isRecord(partitions)) throw wrongOffsets(option, value);
    const converted: Record<number, bigint> = offsets[topic] = {};
    for (const [partition, each] of Object.entries(partitions)) {
      if (!/^(0|[1-9]\d*)$/.test(partition)) throw wrongOffsets(option, value);
      converted[Number(partition)] = convert(each);
    }
  }
  return offsets;
}

function offsetOf(value: unknown): bigint | undefined {
  if (value === "earliest") return EARLIEST;
  if (value === "latest") return LATEST;
  const offset = typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
  return typeof offset === "bigint" && offset >= EARLIEST ? offset : undefined;
}

function timestampMs(option: string, value: unknown): bigint {
  // Of a fraction of a millisecond, the first record at that time or later is in the next one.
  const millis = typeof value === "string" ? ceilMillis(value) : value;
  const whole = typeof millis === "number" && Number.isSafeInteger(millis)
    ? BigInt(millis)
    : millis;
  if (typeof whole === "bigint" && whole >= 0n) return whole;
  const wanted = "milliseconds since 1970, or ISO 8601 text with a zone: 2026-01-31T12:00:00Z";
  throw badOption(ATTEMPTED, option, textOf(value), wanted);
}

function ceilMillis(text: string): bigint | undefined {
  const micros = parseTimestampMicros(text, "required");
  return micros === undefined ? undefined : (micros + 999n) / 1000n;
}

function refuseEndBeforeStart(starting: OffsetRangeLimit, ending: OffsetRangeLimit): void {
  if (starting.kind === "timestamp" && ending.kind === "timestamp") {
    if (starting.timestampMs <= ending.timestampMs) return;
    const text = (ms: bigint) => new Date(Number(ms)).toISOString();
    const wanted = `${text(starting.timestampMs)}, where it starts, or later`;
    throw badOption(ATTEMPTED, ending.option, text(ending.timestampMs), wanted);
  }
  const both = starting.kind === "offsets" && ending.kind === "offsets"
    ? [starting.offsets, ending.offsets] as const
    : starting.kind === "timestamps" && ending.kind === "timestamps"
    ? [starting.timestampsMs, ending.timestampsMs] as const
    : undefined;
  if (both !== undefined) refuseStartAfterEnd(ending.option, ...both);
}

/**
 * Refuses a range that ends before it starts; what is not known yet (`EARLIEST`, `LATEST`) is left out.
 *
 * @throws {SluiceError} `BAD_OPTION` naming the partition.
 */
export function refuseStartAfterEnd(option: string, start: Offsets, end: Offsets): void {
  for (const [topic, partitions] of Object.entries(end)) {
    for (const [partition, last] of Object.entries(partitions)) {
      const first = start[topic]?.[Number(partition)];
      if (first === undefined || last < 0n || first <= last) continue;
      throw new SluiceError("BAD_OPTION", {
        attempted: ATTEMPTED,
        where: `option "${option}", ${topic}-${partition}`,
        found: String(last),
        wanted: `${first}, where it starts, or more`,
      });
    }
  }
}

function wrongOffsets(option: string, value: unknown): SluiceError {
  const isStart = option.startsWith("starting");
  const names = isStart ? '"earliest", "latest"' : '"latest"';
  const wanted = option.endsWith("ByTimestamp")
    ? "milliseconds by topic and partition: { trades: { 0: 1769860800000 } }"
    : `${names}, or offsets by topic and partition: { trades: { 0: 23n, 1: "latest" } }`;
  return badOption(ATTEMPTED, option, textOf(value), wanted);
}

function textOf(value: unknown): string {
  const exact = (_name: string, each: unknown) => typeof each === "bigint" ? `${each}n` : each;
  return JSON.stringify(value, exact) ?? String(value);
}
