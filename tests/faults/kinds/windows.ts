import { count, json, ndjson, pipeline, sum, window } from "sluice";
import {
  batchesOf,
  decimalText,
  Event,
  eventsOf,
  type FeedBatches,
  type FeedEvent,
  type FeedRecord,
} from "../feed.ts";
import { plainEvent } from "./plain_event.ts";
import { type Kind, type PlainRow, RECORDS_PER_BATCH } from "./kind.ts";

const DELAY_MS = 10_000;
const WINDOW_MICROS = 12_000_000n;
const SLIDE_MICROS = 4_000_000n;

/** Windows that come out once they are over, and rows that came too late for them. */
export const closedWindows: Kind = {
  name: "closed",
  outputMode: "append",
  hasState: true,
  sinks: [
    { type: "postgres", name: "late" },
    { type: "postgres", name: "windows" },
    { type: "delta", name: "windows" },
    { type: "kafka", name: "windows" },
  ],
  build: ({ feedPath }, [late, ...sinks]) =>
    pipeline("closed windows")
      .from(ndjson({ path: feedPath(0), maxOffsetsPerTrigger: RECORDS_PER_BATCH }))
      .decode(json(Event))
      .withWatermark("ts", `${DELAY_MS} ms`)
      .groupBy(window("ts", `${WINDOW_MICROS} us`), "key")
      .agg({ n: count(), total: sum("amount") })
      .lateTo(late!)
      .to(...sinks),
  expected(feeds) {
    const feed = batchesIn(feeds);
    const { rows, late } = windowsIn(feed, WINDOW_MICROS);
    const closed = rows.filter(({ window }) => window.end <= feed.closedMicros);
    return {
      "postgres late": late.map(plainEvent),
      "postgres windows": closed,
      "delta windows": closed,
      "kafka windows": closed,
    };
  },
};

/** Sliding windows by key, brought up to date with every batch. */
export const openWindows: Kind = {
  name: "open",
  outputMode: "update",
  hasState: true,
  sinks: [
    { type: "postgres", name: "windows", mode: "update" },
    { type: "delta", name: "windows", mode: "update" },
    { type: "kafka", name: "windows", mode: "update" },
  ],
  build: ({ feedPath }, sinks) =>
    pipeline("open windows")
      .from(ndjson({ path: feedPath(0), maxOffsetsPerTrigger: RECORDS_PER_BATCH }))
      .decode(json(Event))
      .withWatermark("ts", `${DELAY_MS} ms`)
      .groupBy(window("ts", `${WINDOW_MICROS} us`, `${SLIDE_MICROS} us`), "key")
      .agg({ n: count(), total: sum("amount") })
      .to(...sinks),
  expected(feeds) {
    const { rows } = windowsIn(batchesIn(feeds), SLIDE_MICROS);
    return { "postgres windows": rows, "delta windows": rows, "kafka windows": rows };
  },
};

/** All groups there are, written anew with every batch. */
export const totals: Kind = {
  name: "totals",
  outputMode: "complete",
  hasState: true,
  sinks: [
    { type: "postgres", name: "totals", mode: "complete" },
    { type: "delta", name: "totals", mode: "complete" },
  ],
  build: ({ feedPath }, sinks) =>
    pipeline("totals")
      .from(ndjson({ path: feedPath(0), maxOffsetsPerTrigger: RECORDS_PER_BATCH }))
      .decode(json(Event))
      .groupBy("key")
      .agg({ n: count(), total: sum("amount") })
      .to(...sinks),
  expected([records]) {
    const rows = Map.groupBy(eventsOf(records!), ({ key }) => key).entries()
      .map(([key, events]) => ({ key, ...aggregates(events) })).toArray();
    return { "postgres totals": rows, "delta totals": rows };
  },
};

interface WindowRow extends PlainRow {
  readonly window: { readonly start: bigint; readonly end: bigint };
}

function batchesIn([records]: readonly (readonly FeedRecord[])[]): FeedBatches {
  return batchesOf([records!], RECORDS_PER_BATCH, [DELAY_MS]);
}

/** Every window by key, of events that are not late for it; and events that are late for all. */
function windowsIn(
  { batches }: FeedBatches,
  slideMicros: bigint,
): { rows: WindowRow[]; late: FeedEvent[] } {
  const late: FeedEvent[] = [];
  const members: { start: bigint; event: FeedEvent }[] = [];
  for (const { events, lateMicros } of batches) {
    for (const event of events[0]!) {
      const starts = startsAround(event.ts, slideMicros)
        .filter((start) => start + WINDOW_MICROS > lateMicros);
      if (starts.length === 0) late.push(event);
      members.push(...starts.map((start) => ({ start, event })));
    }
  }
  const groups = Map.groupBy(members, ({ start, event }) => `${start} ${event.key}`);
  const rows = [...groups.values()].map((group) => {
    const { start, event: { key } } = group[0]!;
    const window = { start, end: start + WINDOW_MICROS };
    return { window, key, ...aggregates(group.map(({ event }) => event)) };
  });
  return { rows, late };
}

function startsAround(ts: bigint, slideMicros: bigint): bigint[] {
  const starts: bigint[] = [];
  for (let start = ts - ts % slideMicros; start > ts - WINDOW_MICROS; start -= slideMicros) {
    starts.push(start);
  }
  return slideMicros === WINDOW_MICROS ? starts.slice(0, 1) : starts;
}

function aggregates(events: readonly FeedEvent[]): PlainRow {
  const cents = events.flatMap((event) => event.cents ?? []);
  return {
    n: events.length,
    total: cents.length === 0 ? null : decimalText(cents.reduce((a, b) => a + b, 0n)),
  };
}
