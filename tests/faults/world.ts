import postgres from "postgres";
import { createProducer, createTopicIfAbsent, deleteTopicIfPresent } from "../../lib/kafka/mod.ts";
import { testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { type FeedRecord, makeFeed } from "./feed.ts";
import { type Kind, KINDS, NAMES } from "./kinds/mod.ts";

/** Where the queries of a test read and write; as JSON it tells a child process. */
export interface Place {
  readonly brokers: readonly string[];
  /** With a schema of the test's own. */
  readonly databaseUrl: string;
  readonly folder: string;
  /** What topics begin with. */
  readonly prefix: string;
}

/** A place, and the names in it. */
export interface World extends Place {
  readonly sourceTopic: string;
  readonly namesPath: string;
  feedPath(feed: number): string;
}

/** A world that is ready to be read from and written to, and is removed with all that is in it. */
export interface OwnWorld extends World, AsyncDisposable {
  /** What it has to read. */
  readonly feeds: readonly (readonly FeedRecord[])[];
  /** Connections from outside, which no sink uses. */
  readonly sql: postgres.Sql;
}

/** So that each topic of sinks has more than one. */
export const TOPIC_PARTITIONS = 2;
const SOURCE_PARTITIONS = 3;
const NUM_FEEDS = 2;

/** The names in a place. */
export function worldAt(place: Place): World {
  return {
    ...place,
    sourceTopic: `${place.prefix}-source`,
    namesPath: `${place.folder}/names.ndjson`,
    feedPath: (feed) => `${place.folder}/feed${feed}.ndjson`,
  };
}

/** The checkpoint of a query. */
export function checkpointOf({ folder }: Place, { name }: Kind): string {
  return `${folder}/checkpoints/${name}`;
}

/** Makes a world on the real services: feeds, topics and a schema of its own. */
export async function ownWorld(seed: number, numRecords: number): Promise<OwnWorld> {
  const { kafkaBrokers: brokers, databaseUrl } = await testStack();
  const prefix = `faults_${crypto.randomUUID().slice(0, 8)}`;
  const url = new URL(databaseUrl);
  url.searchParams.set("search_path", prefix);
  url.searchParams.set("TimeZone", "UTC");
  const folder = await tempFolder();
  const world = worldAt({ brokers, databaseUrl: url.href, folder: folder.path, prefix });
  const feeds = Array.from({ length: NUM_FEEDS }, (_, i) => makeFeed(seed + i, numRecords));
  for (const [i, records] of feeds.entries()) {
    await Deno.writeTextFile(world.feedPath(i), lines(records.map(({ value }) => value)));
  }
  await Deno.writeTextFile(
    world.namesPath,
    lines(Object.entries(NAMES).map(([key, name]) => JSON.stringify({ key, name }))),
  );
  const sql = postgres(url.href, { max: 2, fetch_types: false, onnotice: () => {} });
  await sql.unsafe(`create schema ${prefix}`);
  await createTopicIfAbsent({ brokers }, {
    topic: world.sourceTopic,
    numPartitions: SOURCE_PARTITIONS,
  });
  const topics = KINDS.flatMap((kind) =>
    kind.sinks.filter(({ type }) => type === "kafka").map(({ name }) => topicOf(world, kind, name))
  );
  for (const topic of topics) {
    await createTopicIfAbsent({ brokers }, { topic, numPartitions: TOPIC_PARTITIONS });
  }
  await produce(brokers, world.sourceTopic, feeds[0]!);
  return {
    ...world,
    feeds,
    sql,
    async [Symbol.asyncDispose]() {
      await sql.unsafe(`drop schema ${prefix} cascade`);
      await sql.end();
      const letters = KINDS.flatMap((kind) =>
        kind.sinks.filter(({ type }) => type === "deadLetters")
          .map(({ name }) => topicOf(world, kind, name))
      );
      for (const topic of [world.sourceTopic, ...topics, ...letters]) {
        await deleteTopicIfPresent({ brokers }, topic);
      }
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The topic of a sink. */
export function topicOf({ prefix }: Place, kind: Kind, sink: string): string {
  return `${prefix}-${kind.name}-${sink}`;
}

/** The folder of a Delta table. */
export function lakePathOf({ folder }: Place, kind: Kind, sink: string): string {
  return `${folder}/lake/${kind.name}-${sink}`;
}

/** The Postgres table of a sink. */
export function tableOf(kind: Kind, sink: string): string {
  return `${kind.name}_${sink}`;
}

async function produce(
  brokers: readonly string[],
  topic: string,
  records: readonly FeedRecord[],
): Promise<void> {
  const producer = createProducer({ brokers });
  try {
    await producer.send(
      topic,
      records.map(({ value, event }) => ({ key: event?.key ?? "none", value })),
    );
  } finally {
    await producer.close();
  }
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
