import { schema as s } from "../../lib/core/mod.ts";
import type { Random } from "../support/random.ts";
import { WORLD_BEGINS_MS } from "./world.ts";

/** What the records of the simulated topics say. */
export const Event = s.struct({
  id: s.long(),
  key: s.string(),
  ts: s.timestamp("us"),
  amount: s.long(),
});

/** A row of it. */
export interface Event {
  readonly id: bigint;
  readonly key: string;
  readonly ts: bigint;
  readonly amount: bigint;
}

/** A record on its way to a topic. */
export interface FeedRecord {
  /** When it gets there, in milliseconds since the world began. */
  readonly atMs: number;
  readonly partition: number;
  readonly value: string;
  /** What it says; `undefined` if it is poison: no decoder can make a row of it. */
  readonly event: Event | undefined;
}

/** What a feed is like. */
export interface FeedOptions {
  readonly records: number;
  readonly partitions: number;
  readonly keys: number;
  /** The share of records that no row can be made of. */
  readonly poison?: number;
  /** The share of records that are older than most watermarks. */
  readonly old?: number;
  /** The share of records that repeat an earlier one but for its amount. */
  readonly repeats?: number;
  /** The first id; ids are beyond what a double can hold. */
  readonly firstId?: bigint;
}

const FIRST_ID = 9_007_199_254_740_993n;
const MEAN_GAP_MS = 900;
const DISORDER_MS = 6_000;
const OLD_MS = 120_000;

/** Records over time, somewhat in disorder. */
export function makeFeed(random: Random, options: FeedOptions): FeedRecord[] {
  const { records, partitions, keys, poison = 0.05, old = 0.05, repeats = 0 } = options;
  const firstId = options.firstId ?? FIRST_ID;
  const feed: FeedRecord[] = [];
  const events: Event[] = [];
  let atMs = 0;
  for (let i = 0; i < records; i++) {
    // Records come in bursts, as producers send them.
    if (random.next() < 0.3) atMs += random.integer(0, 6 * MEAN_GAP_MS);
    const partition = random.integer(0, partitions - 1);
    if (random.next() < poison) {
      feed.push({ atMs, partition, value: poisonValue(random, i), event: undefined });
      continue;
    }
    const event = events.length > 0 && random.next() < repeats
      ? { ...random.pick(events), amount: BigInt(random.integer(-5, 100)) }
      : {
        id: firstId + BigInt(i),
        key: `k${random.integer(1, keys)}`,
        ts: eventMicros(random, i * MEAN_GAP_MS, random.next() < old),
        amount: BigInt(random.integer(-5, 100)),
      };
    events.push(event);
    feed.push({ atMs, partition, value: eventJson(event), event });
  }
  return feed;
}

/** An event as JSON. */
export function eventJson({ id, key, ts, amount }: Event): string {
  return `{"id":${id},"key":"${key}","ts":${ts},"amount":${amount}}`;
}

function eventMicros(random: Random, aboutMs: number, isOld: boolean): bigint {
  const ms = aboutMs - random.integer(0, isOld ? OLD_MS : DISORDER_MS);
  return BigInt(WORLD_BEGINS_MS + ms) * 1000n + BigInt(random.integer(0, 999));
}

function poisonValue(random: Random, i: number): string {
  return random.pick([
    `no json ${i}`,
    `{"id":${i},"key":"k1"}`,
    `{"id":9223372036854775808,"key":"k1","ts":${i},"amount":1}`,
    `{"id":${i},"key":"k1","ts":0,"amount":"much"}`,
  ]);
}
