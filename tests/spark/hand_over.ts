import { deepEqual, equal, ok } from "assert";
import { Decimal, formatTimestampMicros, type Schema, schema as s } from "../../lib/core/mod.ts";
import { delta } from "../../lib/delta/mod.ts";
import { json } from "../../lib/formats/json/mod.ts";
import { createProducer, kafka } from "../../lib/kafka/mod.ts";
import { pipeline } from "../../lib/streaming/mod.ts";
import { type TestTopic, withTopic } from "../kafka/test_topic.ts";
import { digestRows } from "../support/canonical_rows.ts";
import { crashAt } from "../streaming/toy_query.ts";
import { EngineServer } from "../support/engine_server.ts";
import { enginesHome } from "../support/python.ts";
import { Random } from "../support/random.ts";
import { tempFolder } from "../support/temp_folder.ts";

const Reading = s.struct({
  id: s.long(),
  name: s.string().nullable(),
  amount: s.decimal(18, 8).nullable(),
  at: s.timestamp().nullable(),
  count: s.integer().nullable(),
});
type ReadingRow = typeof Reading["rowType"];

/** As Spark writes it. */
const SPARK_TYPES = "id BIGINT, name STRING, amount DECIMAL(18, 8), at TIMESTAMP, count INT";

/** Who runs the query, and how the run ends. */
interface Turn {
  readonly who: "we" | "Spark";
  /**
   * `done`: all records are in the table. `planned`: a batch has `offsets/N`, the table does not have
   * it. `in the table`: the table has the batch, `commits/N` is missing.
   */
  readonly ends: "done" | "planned" | "in the table";
}

const PARTITIONS = 3;
const RECORDS_PER_TURN = 60;
const RECORDS_PER_BATCH = 25;

/** A query without state over Kafka and Delta, begun by one engine and taken over by the other. */
export function queriesAreHandedOver(server: () => EngineServer): void {
  Deno.test("a query begun by Spark is taken over by us, and back, after each run", async () => {
    await takeTurns(server(), 1, [
      { who: "Spark", ends: "done" },
      { who: "we", ends: "done" },
      { who: "we", ends: "done" },
      { who: "Spark", ends: "done" },
      { who: "we", ends: "done" },
      { who: "Spark", ends: "done" },
    ]);
  });

  Deno.test("a batch that one engine planned, or brought to the table, is ended by the other", async () => {
    await takeTurns(server(), 2, [
      { who: "we", ends: "done" },
      { who: "Spark", ends: "planned" },
      { who: "we", ends: "done" },
      { who: "Spark", ends: "in the table" },
      { who: "we", ends: "planned" },
      { who: "Spark", ends: "done" },
      { who: "we", ends: "in the table" },
      { who: "Spark", ends: "planned" },
      { who: "we", ends: "in the table" },
      { who: "Spark", ends: "in the table" },
      { who: "we", ends: "done" },
    ]);
  });

  for (const ends of ["planned", "in the table"] as const) {
    Deno.test(`the very first batch, ${ends} by one engine, is ended by the other`, async () => {
      await takeTurns(server(), 3, [{ who: "Spark", ends }, { who: "we", ends: "done" }]);
      await takeTurns(server(), 4, [{ who: "we", ends }, { who: "Spark", ends: "done" }]);
    });
  }
}

async function takeTurns(spark: EngineServer, seed: number, turns: readonly Turn[]): Promise<void> {
  await using folder = await tempFolder();
  await using readers = await EngineServer.start(enginesHome, "interop/serve_engines.py");
  await withTopic({ numPartitions: PARTITIONS }, async (topic) => {
    const job: Job = {
      spark,
      topic,
      checkpoint: `${folder.path}/checkpoint`,
      table: `${folder.path}/table`,
    };
    const random = new Random(seed);
    const produced: ReadingRow[] = [];
    for (const turn of turns) {
      const rows = Array.from(
        { length: RECORDS_PER_TURN },
        (_, i) => randomReading(random, BigInt(produced.length + i)),
      );
      produced.push(...rows);
      await produce(topic, rows);
      await take(job, turn);
      if (turn.ends === "done") await checkTable(readers, job.table, produced);
    }
  });
}

/** What is handed over. */
interface Job {
  readonly spark: EngineServer;
  readonly topic: TestTopic;
  readonly checkpoint: string;
  readonly table: string;
}

async function take(job: Job, { who, ends }: Turn): Promise<void> {
  if (who === "Spark") await runSpark(job, ends);
  else await runOurs(job, ends);
  const { planned, done } = await lastBatches(job.checkpoint);
  equal(planned - done, ends === "done" ? 0 : 1);
}

async function runSpark(job: Job, ends: Turn["ends"]): Promise<void> {
  const { topic, connection } = job.topic;
  const run = job.spark.ask({
    do: "copy_topic",
    brokers: connection.brokers!.join(","),
    topic,
    types: SPARK_TYPES,
    records_per_batch: RECORDS_PER_BATCH,
    checkpoint: job.checkpoint,
    path: job.table,
    fails: ends === "planned",
  });
  if (ends === "planned") {
    const error = await run.then(() => undefined, (error: Error) => error);
    ok(error?.message.includes("stop here"), error?.message);
    return;
  }
  await run;
  if (ends === "in the table") await removeLastCommit(job.checkpoint);
}

/** As if Spark had died between its commit to the table and its note of that. */
async function removeLastCommit(checkpoint: string): Promise<void> {
  const { done } = await lastBatches(checkpoint);
  await Deno.remove(`${checkpoint}/commits/${done}`);
  await Deno.remove(`${checkpoint}/commits/.${done}.crc`);
}

async function runOurs(job: Job, ends: Turn["ends"]): Promise<void> {
  const { topic, connection } = job.topic;
  const run = async () => {
    const query = await pipeline("copy")
      .from(
        kafka({
          ...connection,
          topic,
          startingOffsets: "earliest",
          maxOffsetsPerTrigger: RECORDS_PER_BATCH,
        }),
      )
      .decode(json(Reading))
      .to(delta({ path: job.table }))
      .start({ checkpointLocation: job.checkpoint, trigger: { availableNow: true } });
    await query.awaitTermination();
  };
  if (ends === "done") await run();
  else ok(await crashAt(ends === "planned" ? "planned" : "sinks-committed", 1, run));
}

/** The newest batch of each kind; -1 if there is none. */
async function lastBatches(checkpoint: string): Promise<{ planned: number; done: number }> {
  const newest = async (folder: string) => {
    let last = -1;
    try {
      for await (const { name } of Deno.readDir(`${checkpoint}/${folder}`)) {
        if (/^\d+$/.test(name)) last = Math.max(last, Number(name));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return last;
  };
  return { planned: await newest("offsets"), done: await newest("commits") };
}

/** Others find each record in the table once. */
async function checkTable(
  readers: EngineServer,
  table: string,
  rows: readonly ReadingRow[],
): Promise<void> {
  const expected = digestRows(Reading as unknown as Schema, rows);
  deepEqual(await readers.read("delta-rs", table), expected);
  deepEqual(await readers.read("duckdb", table), expected);
}

async function produce(
  { topic, connection }: TestTopic,
  rows: readonly ReadingRow[],
): Promise<void> {
  const producer = createProducer(connection);
  await producer.send(topic, rows.map((row) => ({ key: String(row.id), value: recordOf(row) })));
  await producer.close();
}

function recordOf({ id, name, amount, at, count }: ReadingRow): string {
  const members = [
    `"id":${id}`,
    `"name":${JSON.stringify(name)}`,
    `"amount":${amount}`,
    `"at":${at === null ? null : `"${formatTimestampMicros(at)}Z"`}`,
    `"count":${count}`,
  ];
  return `{${members.join(",")}}`;
}

function randomReading(random: Random, number: bigint): ReadingRow {
  const sometimes = <T>(value: T): T | null => random.next() < 0.1 ? null : value;
  return {
    id: 9_007_199_254_740_900n + number,
    name: sometimes(`näme "${number}"`),
    amount: sometimes(new Decimal(BigInt(random.integer(-1e9, 1e9)) * 1_000_003n, 8)),
    at: sometimes(1_704_067_200_000_000n + BigInt(random.integer(0, 1e9))),
    count: sometimes(random.integer(-5, 5)),
  };
}
