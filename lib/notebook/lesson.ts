import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import connect, { type Sql } from "postgres";
import { badOption } from "../core/mod.ts";
import { createTopicIfAbsent, deleteTopicIfPresent, type NewTopic } from "../kafka/mod.ts";
import { ensureStack } from "../stack/mod.ts";
import { forgetSubjects, type RegistryAddress } from "./forget_subjects.ts";

const LESSONS_FOLDER = fileURLToPath(new URL("../../data/lessons", import.meta.url));

/** The records of a lesson say that they are from a day long ago; Kafka would delete them for it. */
const TOPIC_SETTINGS = { "retention.ms": "-1" };

/** The services of a lesson, and a place of its own in each of them. */
export interface Lesson {
  /** Kafka's addresses, for every option `brokers`. */
  readonly brokers: readonly string[];
  /** Postgres' address; tables without a schema in their names are the lesson's own. */
  readonly databaseUrl: string;
  /** Asks Postgres: `` await sql`select * from trades` `` gives rows. */
  readonly sql: Sql;
  /** A folder of the lesson's own, for tables and checkpoints; relative to the present folder. */
  readonly folder: string;
  /**
   * Makes a topic anew, an older one of the same name goes; returns its full name. Default: 3
   * partitions, and records stay however old their timestamps are.
   */
  topic(name: string, settings?: Partial<Omit<NewTopic, "topic">>): Promise<string>;
  /**
   * Finds a schema registry, or starts one, and forgets the subjects of the lesson's topics in it;
   * returns where it is, for `schemaRegistry`.
   */
  startRegistry(): Promise<RegistryAddress>;
  /** Removes all that the lesson made. */
  end(): Promise<void>;
}

/**
 * Begins a lesson: finds the local services, or starts them, and clears what an earlier run of the
 * lesson left in Postgres and in its folder. Topics are made anew by `topic`.
 *
 * @example
 * ```ts ignore
 * import { startLesson } from "./lesson.ts";
 *
 * const lesson = await startLesson("01");
 * const orders = await lesson.topic("orders", { numPartitions: 3 }); // lesson-01-orders
 * await lesson.end();
 * ```
 *
 * @param number the two digits that its file begins with.
 * @throws {SluiceError} `BAD_OPTION`, and what `ensureStack` throws.
 */
export async function startLesson(number: string): Promise<Lesson> {
  if (!/^\d\d$/.test(number)) {
    throw badOption("start a lesson", "number", JSON.stringify(number), "two digits");
  }
  const { kafkaBrokers: brokers, databaseUrl } = await ensureStack({
    services: ["kafka", "postgres"],
    onProgress: showProgress,
  });
  const schema = `lesson_${number}`;
  const url = new URL(databaseUrl);
  url.searchParams.set("search_path", schema);
  const sql = connect(url.href, { max: 1, onnotice: () => {} });
  const folder = `${LESSONS_FOLDER}/${number}`;
  const topicPrefix = `lesson-${number}-`;
  const topics = new Set<string>();
  let registry: RegistryAddress | undefined;
  const clear = async () => {
    await sql`drop schema if exists ${sql(schema)} cascade`;
    await removeFolder(folder);
  };
  await clear();
  await sql`create schema ${sql(schema)}`;
  await Deno.mkdir(folder, { recursive: true });
  return {
    brokers,
    databaseUrl: url.href,
    sql,
    folder: relative(Deno.cwd(), folder),
    async topic(name, settings = {}) {
      const topic = topicPrefix + name;
      await deleteTopicIfPresent({ brokers }, topic);
      const configEntries = { ...TOPIC_SETTINGS, ...settings.configEntries };
      await createTopicIfAbsent({ brokers }, {
        topic,
        numPartitions: 3,
        ...settings,
        configEntries,
      });
      topics.add(topic);
      return topic;
    },
    async startRegistry() {
      const services = ["registry"] as const;
      const { schemaRegistryUrl } = await ensureStack({ services, onProgress: showProgress });
      registry = addressOf(schemaRegistryUrl);
      await forgetSubjects(registry, topicPrefix);
      return registry;
    },
    async end() {
      for (const topic of topics) await deleteTopicIfPresent({ brokers }, topic);
      if (registry !== undefined) await forgetSubjects(registry, topicPrefix);
      await clear();
      await sql.end();
    },
  };
}

/** The token of the environment is for the registry of the environment alone. */
function addressOf(url: string): RegistryAddress {
  const isGiven = url === Deno.env.get("SCHEMA_REGISTRY_URL");
  const token = isGiven ? Deno.env.get("SCHEMA_REGISTRY_TOKEN") : undefined;
  return token ? { url, token } : { url };
}

/** The cell shows it. */
function showProgress(message: string): void {
  // deno-lint-ignore no-console
  console.error(message);
}

async function removeFolder(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
