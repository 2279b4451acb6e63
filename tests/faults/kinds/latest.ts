import { json, ndjson, pipeline } from "sluice";
import { Event, eventsOf, type FeedEvent } from "../feed.ts";
import { plainEvent } from "./plain_event.ts";
import { type Kind, RECORDS_PER_BATCH } from "./kind.ts";

/** The newest event of each key, deletes included, and before it the history of all. */
export const latest: Kind = {
  name: "latest",
  outputMode: "update",
  hasState: true,
  sinks: [
    { type: "postgres", name: "history" },
    { type: "postgres", name: "latest", mode: "update" },
    { type: "delta", name: "latest", mode: "update" },
    { type: "kafka", name: "latest", mode: "update" },
  ],
  build: ({ feedPath }, [history, ...sinks]) =>
    pipeline("latest")
      .from(ndjson({ path: feedPath(0), maxOffsetsPerTrigger: RECORDS_PER_BATCH }))
      .decode(json(Event))
      .to(history!)
      .latestByKey({ key: ["key"], orderBy: "version", deleteWhen: "amount IS NULL" })
      .to(...sinks),
  expected([records]) {
    const events = eventsOf(records!);
    const newest = new Map<string, FeedEvent>();
    for (const event of events) {
      const kept = newest.get(event.key);
      if (kept === undefined || event.version >= kept.version) newest.set(event.key, event);
    }
    const rows = [...newest.values()].filter(({ cents }) => cents !== null).map(plainEvent);
    return {
      "postgres history": events.map(plainEvent),
      "postgres latest": rows,
      "delta latest": rows,
      "kafka latest": rows,
    };
  },
};
