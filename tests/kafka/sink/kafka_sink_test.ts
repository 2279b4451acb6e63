import { deepEqual, equal, match, ok, rejects, throws } from "assert";
import {
  Batch,
  type CommitOutcome,
  Decimal,
  type MicroBatch,
  onFailpoint,
  type OutputMode,
  type Row,
  type Schema,
  schema as s,
  type SinkWriter,
  SluiceError,
} from "../../../lib/core/mod.ts";
import { json } from "../../../lib/formats/json/mod.ts";
import { recordHeaders } from "../../../lib/formats/record/mod.ts";
import {
  alterGroupOffsets,
  createTopicIfAbsent,
  deleteTopicIfPresent,
  kafkaSink,
  type KafkaSinkOptions,
} from "../../../lib/kafka/mod.ts";
import { partitionOf } from "../../../lib/kafka/partitioner.ts";
import { recordBlock } from "../../formats/record_block.ts";
import { microBatch, sinkContext } from "../../support/micro_batches.ts";
import { readForeign, withForeignAdmin } from "../foreign_client.ts";
import { readRecords, readSettled, type TestTopic, withSource, withTopic } from "../test_topic.ts";

const encoder = new TextEncoder();
const Event = s.struct({ id: s.long(), name: s.string().nullable() });

/** What a test asks of a sink beside its topic. */
interface Wish extends Partial<KafkaSinkOptions> {
  readonly schema?: Schema<never>;
  readonly queryId?: string;
  readonly outputMode?: OutputMode;
  readonly keyColumns?: readonly string[];
  readonly onNotice?: (message: string) => void;
}

function open({ topic, connection }: TestTopic, wish: Wish = {}): Promise<SinkWriter> {
  const { schema = Event, queryId = crypto.randomUUID(), outputMode, keyColumns, ...rest } = wish;
  const { onNotice = () => {}, ...options } = rest;
  return kafkaSink({ topic, ...connection, ...options }).open({
    ...sinkContext(schema as unknown as Schema, queryId),
    outputMode: outputMode ?? "append",
    keyColumns: keyColumns ?? [],
    onNotice,
  });
}

function batchOf<T>(schema: Schema<T>, rows: readonly T[]): Batch {
  const batch = new Batch(schema);
  for (const row of rows) batch.append(row);
  return batch as unknown as Batch;
}

function events(...ids: number[]): Batch {
  return batchOf(Event, ids.map((id) => ({ id: BigInt(id), name: null })));
}

async function commit(writer: SinkWriter, batch: MicroBatch): Promise<CommitOutcome> {
  return await (await writer.stage(batch)).commit();
}

/** The values that kafkajs sees, of one partition. */
async function committedValues({ topic, connection }: TestTopic): Promise<(string | null)[]> {
  return (await readForeign(connection, topic, 1)).map(({ value }) => value);
}

function eventTexts(...ids: number[]): string[] {
  return ids.map((id) => `{"id":${id},"name":null}`);
}

const unknownOutcome = new SluiceError("KAFKA_UNAVAILABLE", {
  attempted: "commit",
  retryable: true,
});

/** Runs something that fails at a failpoint with an error after which nobody knows what happened. */
async function failingAt(failpoint: string, run: () => Promise<unknown>): Promise<void> {
  onFailpoint((name) => {
    if (name === failpoint) throw unknownOutcome;
  });
  try {
    await rejects(run(), unknownOutcome);
  } finally {
    onFailpoint(undefined);
  }
}

Deno.test("a row is JSON with every digit, which json() reads back as it was", async () => {
  const schema = s.struct({
    id: s.long(),
    price: s.decimal(38, 9),
    small: s.decimal(9, 2).nullable(),
    at: s.timestamp(),
    day: s.date(),
    raw: s.binary(),
    ratio: s.double(),
    place: s.struct({ tags: s.array(s.string().nullable()), sizes: s.map(s.string(), s.long()) }),
    text: s.string(),
  });
  const rows: Row<typeof schema>[] = [{
    id: 9007199254740993n,
    price: Decimal.parse("12345678901234567890.123456789"),
    small: null,
    at: 1_767_225_600_000_001n,
    day: 20_454,
    raw: Uint8Array.of(0, 255),
    ratio: 0.1,
    place: { tags: ["a", null], sizes: new Map([["x", -9223372036854775808n]]) },
    text: 'zażółć "日本"\n',
  }];
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const writer = await open(topic, { schema: schema as never });
    await commit(writer, microBatch(0, batchOf(schema, rows)));
    await writer.close();
    const [value] = await committedValues(topic);
    equal(
      value,
      '{"id":9007199254740993,"price":12345678901234567890.123456789,"small":null,' +
        '"at":"2026-01-01T00:00:00.000001Z","day":"2026-01-01","raw":"AP8=","ratio":0.1,' +
        '"place":{"tags":["a",null],"sizes":{"x":-9223372036854775808}},' +
        '"text":"zażółć \\"日本\\"\\n"}',
    );
    const batch = new Batch(schema);
    deepEqual(await json(schema).decode(recordBlock([value!]), batch), []);
    deepEqual([...batch.rows()], rows);
  });
});

Deno.test("key, value, headers, partition and timestamp come from columns", async () => {
  const schema = s.struct({
    id: s.string(),
    payload: s.binary().nullable(),
    trace: recordHeaders().nullable(),
    target: s.integer().nullable(),
    at: s.timestamp().nullable(),
  });
  const headers = [
    { key: "traceparent", value: encoder.encode("00-1-2-01") },
    { key: "none", value: null },
  ];
  const beforeMs = Date.now();
  await withTopic({ numPartitions: 3 }, async (topic) => {
    const columns = {
      key: "id",
      value: "payload",
      headers: "trace",
      partition: "target",
      timestamp: "at",
    };
    const writer = await open(topic, { schema: schema as never, ...columns });
    const rows: Row<typeof schema>[] = [
      { id: "a", payload: encoder.encode("va"), trace: headers, target: 2, at: 1_999_999n },
      { id: "b", payload: null, trace: [], target: 0, at: 2_000_000n },
      { id: "c", payload: new Uint8Array(), trace: null, target: null, at: null },
    ];
    await commit(writer, microBatch(0, batchOf(schema, rows)));
    await writer.close();
    const records = await readForeign(topic.connection, topic.topic, 3);
    const found = new Map(records.map((record) => [record.key, record]));
    deepEqual(found.get("a"), {
      partition: 2,
      key: "a",
      value: "va",
      headers: [["traceparent", "00-1-2-01"], ["none", null]],
      timestampMs: 1_999,
    });
    deepEqual(found.get("b"), {
      partition: 0,
      key: "b",
      value: null,
      headers: [],
      timestampMs: 2_000,
    });
    const { timestampMs, ...c } = found.get("c")!;
    deepEqual(c, {
      partition: partitionOf(encoder.encode("c"), 3),
      key: "c",
      value: "",
      headers: [],
    });
    ok(timestampMs >= beforeMs);
  });
});

Deno.test("columns for headers and partition are not in the JSON of a row; any column can be the key", async () => {
  const schema = s.struct({
    id: s.long(),
    at: s.timestamp(),
    headers: recordHeaders(),
    target: s.integer(),
  });
  const batch = batchOf(schema, [{ id: 7n, at: 0n, headers: [], target: 0 }]);
  await withTopic({ numPartitions: 1 }, async (topic) => {
    for (const key of ["id", ["id", "at"], "at"]) {
      const columns = { key, headers: "headers", partition: "target" };
      const writer = await open(topic, { schema: schema as never, ...columns });
      await commit(writer, microBatch(0, batch));
      await writer.close();
    }
    const records = await readForeign(topic.connection, topic.topic, 1);
    const value = '{"id":7,"at":"1970-01-01T00:00:00.000000Z"}';
    deepEqual(records.map(({ value }) => value), [value, value, value]);
    deepEqual(records.map(({ key }) => key), ["7", value, '"1970-01-01T00:00:00.000000Z"']);
  });
});

Deno.test("keyed rows go where Kafka's own partitioner sends them, the others everywhere", async () => {
  const ids = Array.from({ length: 200 }, (_, i) => i * 7919);
  await withTopic({ numPartitions: 5 }, async (topic) => {
    const schema = s.struct({ name: s.string().nullable() });
    const writer = await open(topic, { schema: schema as never, key: "name", value: "name" });
    const keyed = ids.map((id) => ({ name: `key-${id}` }));
    await commit(writer, microBatch(0, batchOf(schema, keyed)));
    for (let batchId = 1; batchId <= 10; batchId++) {
      await commit(writer, microBatch(batchId, batchOf(schema, [{ name: null }])));
    }
    await writer.close();
    const records = await readForeign(topic.connection, topic.topic, 5);
    deepEqual(
      records.filter(({ key }) => key !== null).map(({ key, partition }) => `${key} ${partition}`)
        .sort(),
      keyed.map(({ name }) => `${name} ${partitionOf(encoder.encode(name), 5)}`).sort(),
    );
    const keyless = records.filter(({ key }) => key === null);
    equal(keyless.length, 10);
    equal(new Set(keyless.map(({ partition }) => partition)).size, 5);
  });
});

Deno.test("many rows are sent in parts, and each partition keeps their order", async () => {
  const count = 120_000;
  const schema = s.struct({ id: s.long(), note: s.string() });
  const note = "x".repeat(150);
  const batch = new Batch(schema);
  for (let id = 0; id < count; id++) batch.append({ id: BigInt(id), note });
  for (const compressionType of ["none", "zstd"] as const) {
    await withTopic({ numPartitions: 3 }, async (topic) => {
      const writer = await open(topic, { schema: schema as never, key: "id", compressionType });
      const outcome = await commit(writer, microBatch(0, batch as unknown as Batch));
      deepEqual(outcome, { status: "committed", numOutputRows: count });
      await writer.close();
      const seen = new Set<string>();
      const lastOf = [-1, -1, -1];
      for (const { partition, key, value } of await readSettled(topic)) {
        match(value!, /^\{"id":\d+,"note":"x{150}"\}$/);
        ok(Number(key) > lastOf[partition]!);
        lastOf[partition] = Number(key);
        seen.add(key!);
      }
      equal(seen.size, count);
    });
  }
});

Deno.test("rows are invisible until the commit, and gone after an abort", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const writer = await open(topic);
    const staged = await writer.stage(microBatch(0, events(1)));
    await withSource(topic, async (source) => deepEqual(await readRecords(source), []));
    await staged.abort();
    await commit(writer, microBatch(0, events(2)));
    await writer.close();
    deepEqual(await committedValues(topic), eventTexts(2));
  });
});

Deno.test("every batch has its key, one without rows too, so that a replayed one is not written again", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = crypto.randomUUID();
    const first = await open(topic, { queryId });
    equal(await first.lastBatchId(), undefined);
    await commit(first, microBatch(0, events(1)));
    deepEqual(await commit(first, microBatch(1, events())), {
      status: "committed",
      numOutputRows: 0,
    });
    await first.close();
    const second = await open(topic, { queryId });
    equal(await second.lastBatchId(), 1);
    deepEqual(await commit(second, microBatch(1, events(2))), { status: "alreadyCommitted" });
    await commit(second, microBatch(2, events(3)));
    await second.close();
    const third = await open(topic, { queryId });
    equal(await third.lastBatchId(), 2);
    await rejects(third.stage(microBatch(1, events(2))), { code: "SINK_AHEAD" });
    await third.close();
    deepEqual(await committedValues(topic), eventTexts(1, 3));
  });
});

Deno.test("a commit whose answer was lost is recognised, by the same run and by the next", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = crypto.randomUUID();
    const first = await open(topic, { queryId });
    await failingAt("kafka:committed", () => commit(first, microBatch(0, events(1))));
    deepEqual(await commit(first, microBatch(0, events(1))), {
      status: "committed",
      numOutputRows: 1,
    });
    await failingAt("kafka:committed", () => commit(first, microBatch(1, events(2))));
    await first.close();
    const second = await open(topic, { queryId });
    deepEqual(await commit(second, microBatch(1, events(2))), { status: "alreadyCommitted" });
    await second.close();
    deepEqual(await committedValues(topic), eventTexts(1, 2));
  });
});

Deno.test("a run that ends between writing and committing leaves nothing; its batch is written anew", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = crypto.randomUUID();
    const first = await open(topic, { queryId });
    await failingAt("kafka:staged", () => commit(first, microBatch(0, events(1))));
    await first.stage(microBatch(0, events(1)));
    await first.close();
    const second = await open(topic, { queryId });
    await commit(second, microBatch(0, events(1)));
    await second.close();
    deepEqual(await committedValues(topic), eventTexts(1));
  });
});

Deno.test("an older run is fenced by a newer one of the same query, staged or not", async () => {
  const fenced = { code: "FENCED" };
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = crypto.randomUUID();
    const older = await open(topic, { queryId });
    const staged = await older.stage(microBatch(0, events(1)));
    const newer = await open(topic, { queryId });
    await rejects(staged.commit(), fenced);
    await rejects(older.stage(microBatch(0, events(1))), fenced);
    await commit(newer, microBatch(0, events(2)));
    await rejects(older.stage(microBatch(1, events(3))), fenced);
    await older.close();
    await newer.close();
    deepEqual(await committedValues(topic), eventTexts(2));
  });
});

Deno.test("an older run that finds itself fenced leaves the open transaction of the newer alone", async () => {
  const fenced = { code: "FENCED" };
  const committed = { status: "committed", numOutputRows: 1 } as const;
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = crypto.randomUUID();
    const older = await open(topic, { queryId });
    const staged = await older.stage(microBatch(0, events(0)));
    const newer = await open(topic, { queryId });
    const first = await newer.stage(microBatch(0, events(1)));
    await rejects(staged.commit(), fenced);
    deepEqual(await first.commit(), committed);
    const second = await newer.stage(microBatch(1, events(2)));
    await rejects(older.stage(microBatch(1, events(0))), fenced);
    deepEqual(await second.commit(), committed);
    await older.close();

    // One whose answer was lost asks for a new epoch before all else.
    const third = await newer.stage(microBatch(2, events(3)));
    await failingAt("kafka:committed", () => third.commit());
    const newest = await open(topic, { queryId });
    const fourth = await newest.stage(microBatch(3, events(4)));
    await rejects(newer.stage(microBatch(2, events(3))), fenced);
    deepEqual(await fourth.commit(), committed);
    await newer.close();
    await newest.close();
    deepEqual(await committedValues(topic), eventTexts(1, 2, 3, 4));
  });
});

Deno.test("a sink that lost its progress refuses to guess, and goes on where it is told", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = crypto.randomUUID();
    const groupId = `sluice-${queryId}`;
    const first = await open(topic, { queryId });
    for (const batchId of [0, 1]) await commit(first, microBatch(batchId, events(batchId)));
    await first.close();
    await withForeignAdmin(topic.connection, async (admin) => {
      await admin.deleteGroups([groupId]);
    });
    const second = await open(topic, { queryId });
    equal(await second.lastBatchId(), undefined);
    await rejects(second.stage(microBatch(1, events(1))), {
      code: "PROGRESS_LOST",
      message: new RegExp(`topics reset-offset ${groupId} ${topic.topic} 0 1\` \\(or 2\\)`),
    });
    await second.close();
    await alterGroupOffsets(topic.connection, groupId, { [topic.topic]: { 0: 2n } });
    const third = await open(topic, { queryId });
    deepEqual(await commit(third, microBatch(1, events(1))), { status: "alreadyCommitted" });
    await commit(third, microBatch(2, events(2)));
    await third.close();
    deepEqual(await committedValues(topic), eventTexts(0, 1, 2));
  });
});

Deno.test("a topic that was made anew does not get the rest of the rows in silence", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = crypto.randomUUID();
    const first = await open(topic, { queryId });
    await commit(first, microBatch(0, events(0)));
    await deleteTopicIfPresent(topic.connection, topic.topic);
    await createTopicIfAbsent(topic.connection, { topic: topic.topic, numPartitions: 1 });
    await rejects(first.stage(microBatch(1, events(1))), { code: "TOPIC_RECREATED" });
    await first.close();
    const second = await open(topic, { queryId });
    await rejects(second.stage(microBatch(1, events(1))), { code: "PROGRESS_LOST" });
    await second.close();
    deepEqual(await committedValues(topic), []);
  });
});

Deno.test("in update mode rows that are gone become tombstones of their key", async () => {
  const schema = s.struct({ symbol: s.string(), day: s.date(), total: s.long() });
  const batch = batchOf(schema, [{ symbol: "A", day: 0, total: 5n }]);
  const deletes = batchOf(schema, [{ symbol: "B", day: 1, total: 9n }]);
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const update = { schema: schema as never, outputMode: "update" } as const;
    // The key is what tells the rows apart, unless another is asked for.
    for (const wish of [{ keyColumns: ["symbol", "day"] }, { key: "symbol", keyColumns: ["x"] }]) {
      const writer = await open(topic, { ...update, ...wish });
      deepEqual(await commit(writer, microBatch(0, batch, { deletes })), {
        status: "committed",
        numOutputRows: 2,
      });
      await writer.close();
    }
    const records = await readForeign(topic.connection, topic.topic, 1);
    const value = '{"symbol":"A","day":"1970-01-01","total":5}';
    deepEqual(records.map(({ key, value }) => [key, value]), [
      ['{"symbol":"A","day":"1970-01-01"}', value],
      ['{"symbol":"B","day":"1970-01-02"}', null],
      ["A", value],
      ["B", null],
    ]);
    await rejects(open(topic, update), { code: "KEY_MISSING" });
  });
});

Deno.test("in update mode a row without a key is refused; in the other modes it is a record without one", async () => {
  const nameless = batchOf(Event, [{ id: 1n, name: null }]);
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const update = await open(topic, { key: "name", outputMode: "update" });
    await rejects(update.stage(microBatch(0, nameless)), {
      code: "KEY_MISSING",
      message: /a row whose key \(name\) is null/,
    });
    await update.close();
    for (const outputMode of ["append", "complete"] as const) {
      const writer = await open(topic, { key: "name", outputMode });
      for (const batchId of [0, 1]) await commit(writer, microBatch(batchId, nameless));
      await writer.close();
    }
    const text = eventTexts(1)[0]!;
    deepEqual(await committedValues(topic), [text, text, text, text]);
  });
});

Deno.test("a record longer than the topic takes is told by its key, and the batch is not written", async () => {
  const schema = s.struct({ name: s.string(), text: s.string() });
  const configEntries = { "max.message.bytes": "20000" };
  await withTopic({ numPartitions: 1, configEntries }, async (topic) => {
    for (const compressionType of ["none", "gzip"] as const) {
      const writer = await open(topic, { schema: schema as never, key: "name", compressionType });
      // Random, so that packing does not help.
      const long = crypto.getRandomValues(new Uint8Array(30_000)).toBase64();
      const rows = [{ name: "a", text: "x" }, { name: "too long", text: long }];
      await rejects(writer.stage(microBatch(0, batchOf(schema, rows))), (error) => {
        ok(error instanceof SluiceError);
        equal(error.code, "RECORD_TOO_LARGE");
        equal(error.retryable, false);
        match(error.message, /at the record with key "too long": found a record in \d+ bytes/);
        match(error.message, /wanted at most 20000, the topic's max\.message\.bytes/);
        return true;
      });
      // Many short ones together are longer, and go in several batches.
      const short = Array.from(
        { length: 1_000 },
        (_, i) => ({ name: `${i}`, text: "y".repeat(90) }),
      );
      await commit(writer, microBatch(0, batchOf(schema, short)));
      await writer.close();
    }
    equal((await committedValues(topic)).length, 2_000);
  });
});

Deno.test("a row for a partition that is not there is refused", async () => {
  const schema = s.struct({ id: s.long(), target: s.integer() });
  await withTopic({ numPartitions: 2 }, async (topic) => {
    const writer = await open(topic, { schema: schema as never, partition: "target" });
    for (const target of [2, -1]) {
      await rejects(writer.stage(microBatch(0, batchOf(schema, [{ id: 1n, target }]))), {
        code: "PARTITION_NOT_FOUND",
        message: new RegExp(`found a row for partition ${target}, wanted 0 to 1`),
      });
    }
    await writer.close();
  });
});

Deno.test("open() refuses columns that cannot be what they should, and a topic that is not there", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const refused: [options: Wish, code: string, message: RegExp][] = [
      [{ key: "nmae" }, "UNKNOWN_COLUMN", /option "key": found "nmae", wanted one of id, name/],
      [{ value: "id" }, "SCHEMA_MISMATCH", /column "id" of type long, wanted string or binary/],
      [{ headers: "name" }, "SCHEMA_MISMATCH", /wanted array<struct<key:string,value:binary>>/],
      [{ partition: "id" }, "SCHEMA_MISMATCH", /column "id" of type long, wanted integer/],
      [{ timestamp: "id" }, "SCHEMA_MISMATCH", /column "id" of type long, wanted timestamp/],
      [{ topic: "no-such-topic" }, "TOPIC_NOT_FOUND", /no-such-topic/],
    ];
    for (const [wish, code, message] of refused) {
      await rejects(open(topic, wish), { code, message });
    }
    const schema = s.struct({ headers: recordHeaders() });
    await rejects(open(topic, { schema: schema as never, headers: "headers" }), {
      code: "SCHEMA_MISMATCH",
      message: /found no columns beside/,
    });
  });
});

Deno.test("kafkaSink() refuses options that it does not know and values it cannot use", () => {
  const make = (options: Record<string, unknown>) => () =>
    kafkaSink({ topic: "t", brokers: ["127.0.0.1:9092"], ...options } as KafkaSinkOptions);
  throws(make({ acks: 1 }), { code: "UNKNOWN_OPTION" });
  throws(make({ topic: "" }), { code: "BAD_OPTION" });
  throws(make({ compressionType: "brotli" }), { code: "BAD_OPTION" });
});
