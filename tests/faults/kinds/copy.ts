import { kafka, pipeline, schema as s } from "sluice";
import { json } from "../../../lib/formats/json/mod.ts";
import { decimalText, Event, eventsOf, type FeedEvent, type FeedRecord } from "../feed.ts";
import { type Kind, RECORDS_PER_BATCH } from "./kind.ts";

const Copied = s.struct({
  id: s.long(),
  key: s.string(),
  ts: s.timestamp(),
  version: s.long(),
  amount: s.decimal(18, 2).nullable(),
  label: s.string(),
});

/**
 * Without state, from Kafka into four sinks. Records die in the decoder, in an operator, and because
 * Postgres has no text with a zero in it.
 */
export const copy: Kind = {
  name: "copy",
  outputMode: "append",
  hasState: false,
  sinks: [
    { type: "postgres", name: "rows" },
    { type: "delta", name: "rows" },
    { type: "kafka", name: "rows" },
    { type: "deadLetters", name: "dead" },
  ],
  build: ({ brokers, sourceTopic }, sinks) =>
    pipeline("copy")
      .from(kafka({ brokers, topic: sourceTopic, maxOffsetsPerTrigger: RECORDS_PER_BATCH }))
      .decode(json(Event))
      .map(Copied, (row) => {
        if (fails(row)) throw new Error(`no label for ${row.version}`);
        return { ...row, label: label(row) };
      })
      .where("version % 5 <> 0")
      .to(...sinks),
  expected([records]) {
    const rows = eventsOf(records!)
      .filter((event) => !fails(event) && passes(event) && !isUnstorable(event))
      .map(({ cents, ...event }) => ({
        ...event,
        amount: cents === null ? null : decimalText(cents),
        label: label(event),
      }));
    return { "postgres rows": rows, "delta rows": rows, "kafka rows": rows };
  },
  deadLetters: ([records]) => records!.filter(isDead).map(({ value }) => value),
};

function isDead({ event }: FeedRecord): boolean {
  return event === undefined || fails(event) || (passes(event) && isUnstorable(event));
}

function fails({ version }: Pick<FeedEvent, "version">): boolean {
  return version % 11n === 0n;
}

function passes({ version }: FeedEvent): boolean {
  return version % 5n !== 0n;
}

function isUnstorable({ version }: Pick<FeedEvent, "version">): boolean {
  return version % 13n === 0n;
}

function label(row: Pick<FeedEvent, "key" | "version">): string {
  return `${row.key}#${row.version}${isUnstorable(row) ? "\0" : ""}`;
}
