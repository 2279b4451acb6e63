import { json, ndjson, pipeline } from "sluice";
import { batchesOf, Event, type FeedEvent } from "../feed.ts";
import { plainEvent } from "./plain_event.ts";
import { type Kind, RECORDS_PER_BATCH } from "./kind.ts";

const DELAY_MS = 8_000;

/** The first of the events that are alike in id and time, and those that came too late to be told. */
export const dedup: Kind = {
  name: "dedup",
  outputMode: "append",
  hasState: true,
  sinks: [
    { type: "postgres", name: "late" },
    { type: "postgres", name: "first" },
    { type: "delta", name: "first" },
    { type: "kafka", name: "first" },
  ],
  build: ({ feedPath }, [late, ...sinks]) =>
    pipeline("dedup")
      .from(ndjson({ path: feedPath(0), maxOffsetsPerTrigger: RECORDS_PER_BATCH }))
      .decode(json(Event))
      .withWatermark("ts", `${DELAY_MS} ms`)
      .dropDuplicates("id", "ts")
      .lateTo(late!)
      .to(...sinks),
  expected([records]) {
    const { batches } = batchesOf([records!], RECORDS_PER_BATCH, [DELAY_MS]);
    const first = new Map<bigint, FeedEvent>();
    const late: FeedEvent[] = [];
    for (const { events, lateMicros } of batches) {
      for (const event of events[0]!) {
        if (event.ts <= lateMicros) late.push(event);
        else if (!first.has(event.id)) first.set(event.id, event);
      }
    }
    const rows = [...first.values()].map(plainEvent);
    return {
      "postgres late": late.map(plainEvent),
      "postgres first": rows,
      "delta first": rows,
      "kafka first": rows,
    };
  },
};
