import postgres from "postgres";
import { errorText } from "../../lib/core/mod.ts";
import { readForeignTopics } from "../kafka/foreign_client.ts";
import { Random } from "../support/random.ts";
import { deltaRows, newestRows, postgresRows, recordRow } from "../support/sink_rows.ts";
import { MISHAPS } from "./chaos.ts";
import { compareLate, compareTopic, differencesOf, expectedRows } from "./ledger.ts";
import { readProducerLog } from "./producer_log.ts";
import { SoakRun } from "./soak_run.ts";
import { TOPICS } from "./soak_query.ts";

/** How long and how hard. */
export interface SoakOptions {
  /** Where everything is kept; removed at the end. */
  readonly folder: string;
  /** At the least; every mishap befalls the query once, however long that takes. */
  readonly minutes: number;
  /** Which mishaps come in which order. */
  readonly seed: number;
  readonly eventsPerSecond?: number;
  /** Told how it goes, once a minute and at the end. */
  readonly onLine?: (line: string) => void;
  /** Ends it before its time, with what was started. */
  readonly signal?: AbortSignal;
}

/** How it went. */
export interface SoakResult {
  /** What is wrong; empty if nothing is. */
  readonly differences: readonly string[];
  /** What happened, in order. */
  readonly story: readonly string[];
  /** Records in the source topic, and rows found late. */
  readonly records: number;
  readonly late: number;
}

const DEFAULT_EVENTS_PER_SECOND = 200;
const MINUTE_MS = 60_000;

/** Lets a query live through mishaps, and then compares its sinks with what its producer sent. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { folder, seed, minutes, onLine = () => {} } = options;
  const { eventsPerSecond = DEFAULT_EVENTS_PER_SECOND } = options;
  const random = new Random(seed);
  const signal = options.signal ?? new AbortController().signal;
  await Deno.mkdir(folder, { recursive: true });
  try {
    await using run = await SoakRun.start({ folder, random, seed, eventsPerSecond, signal });
    const diary = new Diary(run, onLine);
    try {
      const endMs = performance.now() + minutes * MINUTE_MS;
      do {
        for (const mishap of shuffled(random)) {
          await run.pause(0, 1_500);
          await diary.write(mishap.name, () => mishap.befall(run));
        }
      } while (performance.now() < endMs);
      await diary.write("drained", () => run.drain());
      return { ...await compare(run), story: diary.story };
    } catch (error) {
      signal.throwIfAborted();
      const why = `${diary.story.at(-1)}: ${errorText(error)}`;
      return { differences: [why], story: diary.story, records: 0, late: 0 };
    } finally {
      await diary.tell();
      diary.end();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Remembers what happened, and tells of it once a minute: how often, and in how many seconds at most. */
class Diary {
  readonly story: string[] = [];
  readonly #run: SoakRun;
  readonly #onLine: (line: string) => void;
  readonly #mishaps = new Map<string, { count: number; longestMs: number }>();
  readonly #startedMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(run: SoakRun, onLine: (line: string) => void) {
    this.#run = run;
    this.#onLine = onLine;
    this.#timer = setInterval(() => void this.tell(), MINUTE_MS);
  }

  /** Does what is called so, and remembers when and for how long. */
  async write<T>(mishap: string, befall: () => Promise<T>): Promise<T> {
    const beganMs = performance.now();
    const seconds = ((beganMs - this.#startedMs) / 1000).toFixed(1);
    this.story.push(`${seconds} s, batch ${this.#run.batches}: ${mishap}`);
    const result = await befall();
    const { count, longestMs } = this.#mishaps.get(mishap) ?? { count: 0, longestMs: 0 };
    this.#mishaps.set(mishap, {
      count: count + 1,
      longestMs: Math.max(longestMs, performance.now() - beganMs),
    });
    return result;
  }

  async tell(): Promise<void> {
    const { batches, rss, maxRss, producerLogPath } = this.#run;
    const minutes = ((performance.now() - this.#startedMs) / MINUTE_MS).toFixed(1);
    const { end } = await readProducerLog(producerLogPath);
    const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
    const counts = [...this.#mishaps].map(([name, { count, longestMs }]) =>
      `${name} ${count} (${Math.ceil(longestMs / 1000)} s)`
    );
    this.#onLine(
      `${minutes} min: ${end} records sent, ${batches} batches, pipeline ${mb(rss)} (at most ` +
        `${mb(maxRss)}); ${counts.join(", ")}`,
    );
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

/** All mishaps, in another order each time. */
function shuffled(random: Random): typeof MISHAPS {
  return MISHAPS.map((mishap) => ({ mishap, place: random.next() }))
    .sort((a, b) => a.place - b.place).map(({ mishap }) => mishap);
}

async function compare(
  run: SoakRun,
): Promise<Pick<SoakResult, "differences" | "records" | "late">> {
  const { place: { brokers, databaseUrl, lakePath }, producerLogPath } = run;
  const records = await readForeignTopics({ brokers }, Object.values(TOPICS));
  const of = (name: keyof typeof TOPICS) =>
    records.filter(({ topic }) => topic === TOPICS[name].topic);
  const url = new URL(databaseUrl);
  url.searchParams.set("TimeZone", "UTC");
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  try {
    const values = of("source").map(({ value }) => value!);
    const late = await postgresRows(sql, "late");
    const wanted = expectedRows(values, late);
    const letters = await sql`select convert_from(value, 'UTF8') as value from dead_letters`;
    const sinks: [string, readonly string[], readonly string[]][] = [
      ["raw in Postgres", await postgresRows(sql, "raw"), wanted.raw],
      ["raw in Delta", await deltaRows(`${lakePath}/raw`), wanted.raw],
      ["raw in Kafka", of("raw").map(recordRow), wanted.raw],
      ["dead letters in Postgres", letters.map(({ value }) => value), wanted.dead],
      ["dead letters in Kafka", of("dead").map(({ value }) => value!), wanted.dead],
      ["windows in Postgres", await postgresRows(sql, "windows"), wanted.windows],
      ["windows in Delta", await deltaRows(`${lakePath}/windows`), wanted.windows],
      ["windows in Kafka", of("windows").map(recordRow), wanted.windows],
      ["latest in Postgres", await postgresRows(sql, "latest"), wanted.latest],
      ["latest in Delta", await deltaRows(`${lakePath}/latest`), wanted.latest],
      ["latest in Kafka", newestRows(of("latest")), wanted.latest],
    ];
    const differences = [
      ...compareTopic({ values, log: await readProducerLog(producerLogPath) }),
      ...compareLate(values, late),
      ...sinks.flatMap(([where, found, expected]) => differencesOf(where, found, expected)),
    ];
    return { differences, records: values.length, late: late.length };
  } finally {
    await sql.end();
  }
}
