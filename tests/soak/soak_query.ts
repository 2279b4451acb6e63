import {
  count,
  deadLetterTopic,
  delta,
  json,
  kafka,
  kafkaSink,
  max,
  min,
  type Pipeline,
  pipeline,
  postgres,
  schema as s,
  sum,
  window,
} from "sluice";

/** Where the query of a soak reads and writes. */
export interface SoakPlace {
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  readonly lakePath: string;
}

/** What the records say. */
export const SoakEvent = s.struct({
  id: s.long(),
  key: s.string(),
  ts: s.timestamp("ms"),
  amount: s.decimal(18, 2),
});

/** The topics, each with its number of partitions. */
export const TOPICS = {
  source: { topic: "soak-source", partitions: 4 },
  raw: { topic: "soak-raw", partitions: 3 },
  windows: { topic: "soak-windows", partitions: 2 },
  latest: { topic: "soak-latest", partitions: 2 },
  /** Made by its sink. */
  dead: { topic: "soak-dead", partitions: 1 },
} as const;

/** How far behind the latest event an event is in time, in microseconds. */
export const WATERMARK_DELAY_MICROS = 10_000_000n;
/** How long a window is, in microseconds. */
export const WINDOW_MICROS = 5_000_000n;
/** So many events of one batch that there are many batches. */
const MAX_OFFSETS_PER_TRIGGER = 2_000;

/**
 * All records into three sinks; windows by key, once they are over, into three sinks; and of each key
 * the newest of these windows, which is gone where it has a multiple of four events. Late events and
 * records that are no events are kept, too.
 */
export function soakQuery({ brokers, databaseUrl: url, lakePath }: SoakPlace): Pipeline<unknown> {
  const table = (name: string) => postgres({ table: name, url, deadLetterTable: false });
  return pipeline("soak")
    .from(kafka({
      brokers,
      topic: TOPICS.source.topic,
      maxOffsetsPerTrigger: MAX_OFFSETS_PER_TRIGGER,
    }))
    .decode(json(SoakEvent))
    .withWatermark("ts", `${WATERMARK_DELAY_MICROS} us`)
    .to(
      postgres({ table: "raw", url }),
      delta({ path: `${lakePath}/raw` }),
      kafkaSink({ brokers, topic: TOPICS.raw.topic, key: "key" }),
      deadLetterTopic({ brokers, topic: TOPICS.dead.topic }),
    )
    .groupBy(window("ts", `${WINDOW_MICROS} us`), "key")
    .agg({
      n: count(),
      total: sum("amount"),
      first_id: min("id"),
      last_id: max("id"),
      last_ts: max("ts"),
    })
    .lateTo(table("late"))
    .to(
      table("windows"),
      delta({ path: `${lakePath}/windows` }),
      kafkaSink({ brokers, topic: TOPICS.windows.topic }),
    )
    .latestByKey({ key: ["key"], orderBy: "last_ts", deleteWhen: "n % 4 = 0" })
    .to(
      table("latest"),
      delta({ path: `${lakePath}/latest` }),
      kafkaSink({ brokers, topic: TOPICS.latest.topic }),
    ) as Pipeline<unknown>;
}
