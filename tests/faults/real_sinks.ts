import { deadLetterTopic, delta, kafkaSink, postgres, type Sink } from "sluice";
import { readForeignTopics, type TopicRecord } from "../kafka/foreign_client.ts";
import { deltaRows, newestRows, postgresRows, recordRow } from "../support/sink_rows.ts";
import type { Kind, SinkSpec } from "./kinds/mod.ts";
import {
  lakePathOf,
  type OwnWorld,
  type Place,
  tableOf,
  TOPIC_PARTITIONS,
  topicOf,
} from "./world.ts";

/** What is in the sinks of a query, as sorted texts. */
export interface Contents {
  /** By type and name of the sink. */
  readonly rows: Readonly<Record<string, readonly string[]>>;
  /** The values of dead letters, by where they are. */
  readonly deadLetters: Readonly<Record<string, readonly string[]>>;
}

/** The sink that a spec is of. */
export function realSink(place: Place, kind: Kind, { type, name }: SinkSpec): Sink {
  const { brokers, databaseUrl: url } = place;
  switch (type) {
    case "postgres":
      return postgres({ table: tableOf(kind, name), url });
    case "delta":
      return delta({ path: lakePathOf(place, kind, name) });
    case "kafka":
      return kafkaSink({ brokers, topic: topicOf(place, kind, name) });
    case "deadLetters":
      return deadLetterTopic({ brokers, topic: topicOf(place, kind, name) });
  }
}

/** Reads the sinks of some queries from outside: by SQL, from the Delta log, as another's consumer. */
export async function readSinks(
  world: OwnWorld,
  kinds: readonly Kind[],
): Promise<ReadonlyMap<Kind, Contents>> {
  const records = await readTopics(world, kinds);
  const found = new Map<Kind, Contents>();
  for (const kind of kinds) {
    const rows: Record<string, string[]> = {};
    const deadLetters: Record<string, string[]> = {};
    for (const spec of kind.sinks) {
      const { type, name } = spec;
      const place = `${type} ${name}`;
      if (type === "postgres") {
        rows[place] = await postgresRows(world.sql, tableOf(kind, name));
        deadLetters[place] = await postgresLetters(world, tableOf(kind, name));
        continue;
      }
      if (type === "delta") {
        rows[place] = await deltaRows(lakePathOf(world, kind, name));
        continue;
      }
      const own = records.filter(({ topic }) => topic === topicOf(world, kind, name));
      if (type === "deadLetters") deadLetters[place] = own.map(({ value }) => value!).sort();
      else rows[place] = spec.mode === "update" ? newestRows(own) : own.map(recordRow).sort();
    }
    found.set(kind, { rows, deadLetters });
  }
  return found;
}

function readTopics(world: OwnWorld, kinds: readonly Kind[]): Promise<TopicRecord[]> {
  const topics = kinds.flatMap((kind) =>
    kind.sinks.flatMap(({ type, name }) => {
      const topic = topicOf(world, kind, name);
      if (type === "kafka") return [{ topic, partitions: TOPIC_PARTITIONS }];
      return type === "deadLetters" ? [{ topic, partitions: 1 }] : [];
    })
  );
  return readForeignTopics({ brokers: world.brokers }, topics);
}

async function postgresLetters({ sql }: OwnWorld, table: string): Promise<string[]> {
  const sink = `postgres(${table})`;
  const rows = await sql`select convert_from(value, 'UTF8') as value from dead_letters
    where sink = ${sink}`;
  return rows.map(({ value }) => value).sort();
}
