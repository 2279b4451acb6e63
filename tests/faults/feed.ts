import { schema as s } from "../../lib/core/mod.ts";
import { Random } from "../support/random.ts";

/** What the records of a feed say. */
export const Event = s.struct({
  id: s.long(),
  key: s.string(),
  ts: s.timestamp("ms"),
  version: s.long(),
  amount: s.decimal(18, 2).nullable(),
});

/** A row of it, in plain values. */
export interface FeedEvent {
  readonly id: bigint;
  readonly key: string;
  /** Microseconds since 1970. */
  readonly ts: bigint;
  /** Grows with time, in disorder, and not without ties. */
  readonly version: bigint;
  readonly cents: bigint | null;
}

/** A record of a feed. */
export interface FeedRecord {
  readonly value: string;
  /** What it says; `undefined` if no row can be made of it. */
  readonly event: FeedEvent | undefined;
}

/** A batch of records, and the watermarks that it is run with. */
export interface FeedBatch {
  /** The events of each feed. */
  readonly events: readonly (readonly FeedEvent[])[];
  /** What happened at or before it comes too late. Microseconds since 1970. */
  readonly lateMicros: bigint;
}

/** All batches of some feeds. */
export interface FeedBatches {
  readonly batches: readonly FeedBatch[];
  /** What ended at or before it is over when all batches are done. Microseconds since 1970. */
  readonly closedMicros: bigint;
}

/** More than a double can tell apart. */
const FIRST_ID = 9_007_199_254_740_993n;
const START_MS = Date.UTC(2026, 0, 1);
const GAP_MS = 1_000;
const DISORDER_MS = 6_000;
const OLD_MS = 120_000;
const SHARE = { poison: 0.06, old: 0.05, repeated: 0.2, deleted: 0.1 };

/** Makes records: events somewhat in disorder, some very late, some twice, and some that are none. */
export function makeFeed(seed: number, numRecords: number): FeedRecord[] {
  const random = new Random(seed);
  const records: FeedRecord[] = [];
  const events: FeedEvent[] = [];
  for (let i = 0; i < numRecords; i++) {
    if (random.next() < SHARE.poison) {
      records.push({ value: poison(random, i), event: undefined });
      continue;
    }
    const isRepeated = events.length > 0 && random.next() < SHARE.repeated;
    const delayMs = random.integer(0, random.next() < SHARE.old ? OLD_MS : DISORDER_MS);
    const { id, ts } = isRepeated ? random.pick(events.slice(-40)) : {
      id: FIRST_ID + BigInt(i),
      ts: BigInt(START_MS + i * GAP_MS - delayMs) * 1000n,
    };
    const event: FeedEvent = {
      id,
      ts,
      key: `k${random.integer(1, 5)}`,
      version: BigInt(i + random.integer(-5, 5)),
      cents: random.next() < SHARE.deleted ? null : BigInt(random.integer(-500, 99_999)),
    };
    events.push(event);
    records.push({ value: eventJson(event), event });
  }
  return records;
}

/** The events of records, without those that are none. */
export function eventsOf(records: readonly FeedRecord[]): FeedEvent[] {
  return records.flatMap(({ event }) => event ?? []);
}

/** The values of the records that no row can be made of. */
export function poisonOf(records: readonly FeedRecord[]): string[] {
  return records.filter(({ event }) => event === undefined).map(({ value }) => value);
}

/**
 * Cuts feeds into batches of so many records of each, and says by the rules of Spark what is late and
 * what is over: the watermark is the least of the feeds' latest times, each less its delay, and counts
 * from the next batch on; late is what was over for the batch before.
 */
export function batchesOf(
  feeds: readonly (readonly FeedRecord[])[],
  recordsPerBatch: number,
  delaysMs: readonly number[],
): FeedBatches {
  const latest: (bigint | undefined)[] = feeds.map(() => undefined);
  const batches: FeedBatch[] = [];
  let [watermark, before] = [0n, 0n];
  const numRecords = Math.max(...feeds.map((records) => records.length));
  for (let start = 0; start < numRecords; start += recordsPerBatch) {
    const events = feeds.map((records) => eventsOf(records.slice(start, start + recordsPerBatch)));
    batches.push({ events, lateMicros: before });
    for (const [i, each] of events.entries()) {
      for (const { ts } of each) if (latest[i] === undefined || ts > latest[i]) latest[i] = ts;
    }
    before = watermark;
    const own = latest.map((ts, i) => ts === undefined ? 0n : ts - BigInt(delaysMs[i]!) * 1000n);
    const least = own.reduce((a, b) => a < b ? a : b);
    if (least > watermark) watermark = least;
  }
  return { batches, closedMicros: watermark };
}

/** An amount as it is written. */
export function decimalText(cents: bigint): string {
  const digits = String(cents < 0n ? -cents : cents).padStart(3, "0");
  return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function eventJson({ id, key, ts, version, cents }: FeedEvent): string {
  const amount = cents === null ? "null" : `"${decimalText(cents)}"`;
  return `{"id":${id},"key":"${key}","ts":${ts / 1000n},"version":${version},"amount":${amount}}`;
}

function poison(random: Random, i: number): string {
  return random.pick([
    `no json ${i}`,
    `{"id":${i},"key":"k1"}`,
    `{"id":9223372036854775808,"key":"k1","ts":0,"version":${i},"amount":null}`,
    `{"id":${i},"key":"k1","ts":0,"version":1,"amount":"much"}`,
    `{"id":${i},"key":null,"ts":0,"version":1,"amount":null}`,
  ]);
}
