import { fileTable, json, ndjson, pipeline, schema as s } from "sluice";
import { Event, eventsOf } from "../feed.ts";
import { plainEvent } from "./plain_event.ts";
import { type Kind, RECORDS_PER_BATCH } from "./kind.ts";

const Name = s.struct({ key: s.string(), name: s.string() });

/** What the table holds; some keys are not in it. */
export const NAMES: Readonly<Record<string, string>> = { k1: "one", k2: "two", k3: "three" };

/** A stream joined with a table that stands still. */
export const staticJoin: Kind = {
  name: "named",
  outputMode: "append",
  hasState: true,
  hasTables: true,
  sinks: [
    { type: "postgres", name: "named" },
    { type: "delta", name: "named" },
  ],
  build: ({ feedPath, namesPath }, sinks) =>
    pipeline("named")
      .from(ndjson({ path: feedPath(0), maxOffsetsPerTrigger: RECORDS_PER_BATCH }))
      .decode(json(Event))
      .joinStatic(fileTable({ path: namesPath, schema: Name }), {
        type: "leftOuter",
        on: ["key"],
      })
      .to(...sinks),
  expected([records]) {
    const rows = eventsOf(records!)
      .map((event) => ({ ...plainEvent(event), name: NAMES[event.key] ?? null }));
    return { "postgres named": rows, "delta named": rows };
  },
};
