import { json, ndjson, pipeline } from "sluice";
import { batchesOf, Event, type FeedEvent } from "../feed.ts";
import type { World } from "../world.ts";
import { type Kind, type PlainRow, RECORDS_PER_BATCH } from "./kind.ts";

const DELAYS_MS = [5_000, 9_000];
const FROM_MICROS = -3_000_000n;
const TO_MICROS = 4_000_000n;

/** Two streams joined by key and time; left rows without a partner come out when none can come. */
export const join: Kind = {
  name: "join",
  outputMode: "append",
  hasState: true,
  numFeeds: 2,
  sinks: [
    { type: "postgres", name: "joined" },
    { type: "delta", name: "joined" },
    { type: "kafka", name: "joined" },
  ],
  build(world, sinks) {
    const rights = eventsIn(world, 1)
      .withColumnRenamed("id", "right_id")
      .withColumnRenamed("ts", "right_ts");
    return eventsIn(world, 0)
      .join(rights, {
        type: "leftOuter",
        on: ["key"],
        within: {
          left: "ts",
          right: "right_ts",
          from: `${FROM_MICROS} us`,
          to: `${TO_MICROS} us`,
        },
      })
      .to(...sinks);
  },
  expected(feeds) {
    const { batches, closedMicros } = batchesOf(feeds, RECORDS_PER_BATCH, DELAYS_MS);
    const inTime = (side: number) =>
      batches.flatMap(({ events, lateMicros }) =>
        events[side]!.filter(({ ts }) => ts > lateMicros)
      );
    const rights = inTime(1);
    const rows = inTime(0).flatMap((left) => {
      const matches = rights.filter(({ key, ts }) =>
        key === left.key && ts >= left.ts + FROM_MICROS && ts <= left.ts + TO_MICROS
      );
      if (matches.length > 0) return matches.map((right) => joined(left, right));
      return left.ts + TO_MICROS <= closedMicros ? [joined(left, undefined)] : [];
    });
    return { "postgres joined": rows, "delta joined": rows, "kafka joined": rows };
  },
};

function eventsIn({ feedPath }: World, feed: number) {
  return pipeline("join")
    .from(ndjson({ path: feedPath(feed), maxOffsetsPerTrigger: RECORDS_PER_BATCH }))
    .decode(json(Event))
    .withWatermark("ts", `${DELAYS_MS[feed]} ms`)
    .select("id", "key", "ts");
}

function joined({ id, key, ts }: FeedEvent, right: FeedEvent | undefined): PlainRow {
  return { id, key, ts, right_id: right?.id ?? null, right_ts: right?.ts ?? null };
}
