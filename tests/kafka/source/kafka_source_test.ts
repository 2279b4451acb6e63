import { deepEqual, equal, match, ok, rejects, throws } from "assert";
import { countOffsets, type Offsets, SluiceError } from "../../../lib/core/mod.ts";
import {
  createProducer,
  createTopicIfAbsent,
  deleteTopicIfPresent,
  kafka,
  type KafkaConnection,
  type ProducerRecord,
} from "../../../lib/kafka/mod.ts";
import { Random } from "../../support/random.ts";
import { withForeignAdmin } from "../foreign_client.ts";
import {
  collect,
  readRecords,
  type TestTopic,
  timeLimit,
  valuesOf,
  withSource,
  withTopic,
} from "../test_topic.ts";

const encoder = new TextEncoder();

async function write(
  { connection, topic }: TestTopic,
  records: readonly ProducerRecord[],
): Promise<void> {
  const producer = createProducer(connection);
  try {
    await producer.send(topic, records);
  } finally {
    await producer.close();
  }
}

function numbered(count: number, partition = 0): ProducerRecord[] {
  return Array.from({ length: count }, (_, i) => ({ value: `${partition}:${i}`, partition }));
}

function hasCode(code: string, retryable = false): (error: unknown) => boolean {
  return (error) => {
    ok(error instanceof SluiceError, String(error));
    equal(error.code, code);
    equal(error.retryable, retryable);
    return true;
  };
}

Deno.test("read() hands over exactly the range, wherever it is cut", async () => {
  const random = new Random(11);
  await withTopic({ numPartitions: 3 }, async (topic) => {
    // Small batches, so that most cuts fall inside one.
    for (let round = 0; round < 20; round++) {
      await write(
        topic,
        [0, 1, 2].flatMap((partition) => numbered(random.integer(1, 40), partition)),
      );
    }
    await withSource(topic, async (source) => {
      const all = await readRecords(source);
      const latest = await source.latestOffsets(timeLimit());
      equal(BigInt(all.length), countOffsets({}, latest));
      for (let round = 0; round < 40; round++) {
        const cut = (from: (partition: number) => number): Offsets => ({
          [topic.topic]: Object.fromEntries(
            [0, 1, 2].map((partition) => [
              partition,
              BigInt(random.integer(from(partition), Number(latest[topic.topic]![partition]!))),
            ]),
          ),
        });
        const start = cut(() => 0);
        const end = cut((partition) => Number(start[topic.topic]![partition]!));
        const reader = source.read(start, end, { signal: timeLimit() });
        const wanted = all.filter(({ partition, offset }) =>
          offset >= start[topic.topic]![partition]! && offset < end[topic.topic]![partition]!
        );
        deepEqual(await collect(reader), wanted);
        deepEqual(reader.endOffsets(), end);
      }
    });
  });
});

Deno.test("read() gives keys, values, tombstones, headers and timestamps as they were written", async () => {
  const headers = [
    { key: "trace", value: encoder.encode("ünï") },
    { key: "trace", value: new Uint8Array() },
    { key: "none", value: null },
  ];
  const configEntries = { "message.timestamp.after.max.ms": String(2n ** 63n - 1n) };
  await withTopic({ numPartitions: 1, configEntries }, async (topic) => {
    await write(topic, [
      { key: "k", value: "v", headers, timestampMs: 1_700_000_000_123 },
      { key: "gone", value: null, timestampMs: 0 },
      { value: "", timestampMs: 4_102_444_800_000 },
    ]);
    await withSource(topic, async (source) => {
      deepEqual(await readRecords(source), [
        {
          partition: 0,
          offset: 0n,
          timestampMs: 1_700_000_000_123,
          key: "k",
          value: "v",
          headers: headers.map((header) => ({ ...header })),
        },
        { partition: 0, offset: 1n, timestampMs: 0, key: "gone", value: null, headers: [] },
        {
          partition: 0,
          offset: 2n,
          timestampMs: 4_102_444_800_000,
          key: null,
          value: "",
          headers: [],
        },
      ]);
    });
  });
});

Deno.test("read() takes the broker's time where the topic says LogAppendTime", async () => {
  const newTopic = {
    numPartitions: 1,
    configEntries: { "message.timestamp.type": "LogAppendTime" },
  };
  await withTopic(newTopic, async (topic) => {
    const beforeMs = Date.now();
    await write(topic, [{ value: "a", timestampMs: 5 }]);
    await withSource(topic, async (source) => {
      const [record] = await readRecords(source);
      ok(record!.timestampMs >= beforeMs && record!.timestampMs <= Date.now());
    });
  });
});

Deno.test("read() gets records longer than a fetch, from every partition", async () => {
  const newTopic = { numPartitions: 2, configEntries: { "max.message.bytes": "8000000" } };
  await withTopic(newTopic, async (topic) => {
    const long = "x".repeat(3_000_000);
    for (const partition of [0, 1, 0, 1]) await write(topic, [{ value: long, partition }]);
    await withSource(topic, async (source) => {
      deepEqual(valuesOf(await readRecords(source)), [long, long, long, long]);
    });
  });
});

Deno.test("read() stops at maxBytes, says where, and goes on from there", async () => {
  await withTopic({ numPartitions: 2 }, async (topic) => {
    for (let round = 0; round < 10; round++) {
      await write(topic, [...numbered(20, 0), ...numbered(20, 1)]);
    }
    await withSource(topic, async (source) => {
      const all = await readRecords(source);
      const end = await source.latestOffsets(timeLimit());
      let position = await source.earliestOffsets(timeLimit());
      const parts = [];
      let reads = 0;
      while (countOffsets(position, end) > 0n) {
        const reader = source.read(position, end, { signal: timeLimit(), maxBytes: 300 });
        const records = await collect(reader);
        ok(records.length > 0 && records.length < all.length / 2, `${records.length} records`);
        equal(countOffsets(position, reader.endOffsets()), BigInt(records.length));
        parts.push(...records);
        position = reader.endOffsets();
        reads++;
      }
      ok(reads > 4, `${reads} reads`);
      deepEqual(parts.sort((a, b) => a.partition - b.partition), all);
    });
  });
});

Deno.test("endOffsets() is exact after every block, also when the caller stops there", async () => {
  await withTopic({ numPartitions: 2 }, async (topic) => {
    await write(topic, [...numbered(50, 0), ...numbered(50, 1)]);
    await withSource(topic, async (source) => {
      const end = await source.latestOffsets(timeLimit());
      const reader = source.read({}, end, { signal: timeLimit() });
      let count = 0;
      for await (const block of reader) {
        count += block.count;
        break;
      }
      equal(count, 50);
      equal(countOffsets({}, reader.endOffsets()), 50n);
    });
  });
});

Deno.test("latestOffsets() and read() find partitions added to the topic", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    await withSource(topic, async (source) => {
      deepEqual(await source.latestOffsets(timeLimit()), { [topic.topic]: { 0: 0n } });
      await withForeignAdmin(topic.connection, async (admin) => {
        await admin.createPartitions({ topicPartitions: [{ topic: topic.topic, count: 3 }] });
      });
      await write(topic, numbered(5, 2));
      deepEqual(await source.latestOffsets(timeLimit()), {
        [topic.topic]: { 0: 0n, 1: 0n, 2: 5n },
      });
      equal((await readRecords(source)).length, 5);
    });
  });
});

Deno.test("initialOffsets() is the beginning, or with startingOffsets latest the end", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    await write(topic, numbered(4));
    await withSource(topic, async (source) => {
      deepEqual(await source.initialOffsets(timeLimit()), { [topic.topic]: { 0: 0n } });
    });
    await withSource(topic, async (source) => {
      deepEqual(await source.initialOffsets(timeLimit()), { [topic.topic]: { 0: 4n } });
    }, { startingOffsets: "latest" });
  });
});

Deno.test("identities() changes when a topic is deleted and made anew", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    await withSource(topic, async (source) => {
      const before = await source.identities(timeLimit());
      deepEqual(await source.identities(timeLimit()), before);
      match(before[topic.topic]!, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      await deleteTopicIfPresent(topic.connection, topic.topic);
      await createTopicIfAbsent(topic.connection, { topic: topic.topic, numPartitions: 1 });
      const after = await source.identities(timeLimit());
      ok(after[topic.topic] !== before[topic.topic]);
    });
  });
});

Deno.test("read() stops with DATA_LOSS where planned records were deleted", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    await write(topic, numbered(100));
    await deleteRecords(topic, 40n);
    await withSource(topic, async (source) => {
      deepEqual(await source.earliestOffsets(timeLimit()), { [topic.topic]: { 0: 40n } });
      await rejects(
        readRecords(source, { [topic.topic]: { 0: 10n } }, { [topic.topic]: { 0: 60n } }),
        (error) => {
          ok(hasCode("DATA_LOSS")(error));
          const { message } = error as Error;
          ok(message.includes(`${topic.topic}-0@10`), message);
          ok(message.includes("[10, 60)") && message.includes("[40, 100)"), message);
          return true;
        },
      );
    });
  });
});

Deno.test("read() with failOnDataLoss false begins with the first record still there", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    await write(topic, numbered(100));
    await deleteRecords(topic, 40n);
    await withSource(topic, async (source) => {
      const range = (start: bigint, end: bigint) =>
        readRecords(source, { [topic.topic]: { 0: start } }, { [topic.topic]: { 0: end } });
      deepEqual((await range(10n, 60n)).map(({ offset }) => offset).slice(0, 1), [40n]);
      equal((await range(10n, 60n)).length, 20);
      deepEqual(await range(10n, 30n), []);
      deepEqual(await range(200n, 300n), []);
    }, { failOnDataLoss: false });
  });
});

Deno.test("read() stops with DATA_LOSS where the topic ends before the range begins", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    await write(topic, numbered(10));
    await withSource(topic, async (source) => {
      await rejects(
        readRecords(source, { [topic.topic]: { 0: 50n } }, { [topic.topic]: { 0: 60n } }),
        hasCode("DATA_LOSS"),
      );
    });
  });
});

Deno.test("read() gives up on a range that never fills, after requestTimeoutMs", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    await write(topic, numbered(10));
    await withSource(topic, async (source) => {
      const reader = source.read({}, { [topic.topic]: { 0: 20n } }, { signal: timeLimit() });
      await rejects(collect(reader), hasCode("RANGE_NOT_REACHED", true));
      deepEqual(reader.endOffsets(), { [topic.topic]: { 0: 10n } });
    }, { requestTimeoutMs: 600 });
  });
});

Deno.test("read() throws the signal's reason as soon as it aborts", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    await withSource(topic, async (source) => {
      const stop = new AbortController();
      const reading = collect(
        source.read({}, { [topic.topic]: { 0: 20n } }, { signal: stop.signal }),
      );
      const reason = new Error("stop now");
      stop.abort(reason);
      await rejects(reading, reason);
    });
  });
});

Deno.test("close() ends a read that waits for records", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    await withSource(topic, async (source) => {
      await source.latestOffsets(timeLimit());
      const reading = collect(
        source.read({}, { [topic.topic]: { 0: 20n } }, { signal: timeLimit() }),
      );
      const failed = rejects(reading, SluiceError);
      await source.close();
      await failed;
    });
  });
});

Deno.test("a closed source can be used again: the same pipeline may be started once more", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    await write(topic, numbered(3));
    await withSource(topic, async (source) => {
      const { signal } = new AbortController();
      const end = await source.latestOffsets(signal);
      await source.close();
      deepEqual(await source.latestOffsets(signal), end);
    });
  });
});

Deno.test("publishProgress() shows the query's offsets under its consumer group", async () => {
  await withTopic({ numPartitions: 2 }, async (topic) => {
    const groupId = `group-of-${topic.topic}`;
    await withSource(topic, async (source) => {
      await withForeignAdmin(topic.connection, async (admin) => {
        const published = async () => {
          await source.publishProgress({ [topic.topic]: { 0: 7n, 1: 9n } });
          const [found] = await admin.fetchOffsets({ groupId, topics: [topic.topic] });
          return found!.partitions.map(({ partition, offset }) => `${partition}:${offset}`).sort();
        };
        // Best effort: a broker that has just started may take a few tries.
        let offsets = await published();
        for (let tries = 0; offsets[0] !== "0:7" && tries < 20; tries++) {
          offsets = await published();
        }
        deepEqual(offsets, ["0:7", "1:9"]);
        await admin.deleteGroups([groupId]);
      });
    }, { groupId });
  });
});

Deno.test("a missing topic is an error that names the brokers and says how to create it", async () => {
  await withTopic({ numPartitions: 1 }, async ({ connection }) => {
    await withSource({ connection, topic: "no-such-topic" }, async (source) => {
      await rejects(source.latestOffsets(timeLimit()), (error) => {
        ok(hasCode("TOPIC_NOT_FOUND")(error));
        match((error as Error).message, /no-such-topic.*kafka-topics\.sh --create/);
        ok((error as Error).message.includes(connection.brokers![0]!));
        return true;
      });
    });
  });
});

Deno.test("a broker that is away is a retryable error that names its address", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const source = kafka({ topic: "trades", brokers: [`127.0.0.1:${port}`] });
  await rejects(source.latestOffsets(timeLimit()), (error) => {
    ok(hasCode("KAFKA_UNAVAILABLE", true)(error));
    ok((error as Error).message.includes(`127.0.0.1:${port}`));
    return true;
  });
  await source.close();
});

Deno.test("kafka() goes on with the next broker of the list where the first is away", async () => {
  await withTopic({ numPartitions: 1 }, async ({ topic, connection }) => {
    const brokers = ["127.0.0.1:1", ...connection.brokers!];
    await withSource({ topic, connection: { brokers } }, async (source) => {
      deepEqual(await source.latestOffsets(timeLimit()), { [topic]: { 0: 0n } });
    });
  });
});

Deno.test("kafka() refuses options it does not know and values it cannot use", () => {
  const make = (options: Record<string, unknown>) => () =>
    kafka({ topic: "trades", brokers: ["127.0.0.1:9092"], ...options } as never);
  const refused: [Record<string, unknown>, string][] = [
    [{ startingOffset: "latest" }, "UNKNOWN_OPTION"],
    [{ startingOffsets: "newest" }, "BAD_OPTION"],
    [{ isolationLevel: "serializable" }, "BAD_OPTION"],
    [{ topic: "" }, "BAD_OPTION"],
    [{ brokers: ["nowhere"] }, "BAD_OPTION"],
    [{ brokers: [] }, "KAFKA_BROKERS_MISSING"],
    [{ requestTimeoutMs: 0 }, "BAD_OPTION"],
    [{ maxOffsetsPerTrigger: 0 }, "BAD_OPTION"],
  ];
  for (const [options, code] of refused) throws(make(options), hasCode(code));
});

Deno.test("a bad broker address is told with the place it came from", () => {
  const given = Deno.env.get("KAFKA_BROKERS");
  Deno.env.set("KAFKA_BROKERS", "127.0.0.1:9092, nowhere");
  try {
    throws(() => kafka({ topic: "trades" }), /at KAFKA_BROKERS: found "nowhere"/);
    throws(
      () => kafka({ topic: "trades", brokers: ["anywhere"] }),
      /at option "brokers": found "anywhere"/,
    );
    Deno.env.delete("KAFKA_BROKERS");
    throws(() => kafka({ topic: "trades" }), /`deno task stack:up` and take the export line/);
  } finally {
    if (given === undefined) Deno.env.delete("KAFKA_BROKERS");
    else Deno.env.set("KAFKA_BROKERS", given);
  }
});

async function deleteRecords(
  { connection, topic }: { connection: KafkaConnection; topic: string },
  before: bigint,
): Promise<void> {
  await withForeignAdmin(connection, async (admin) => {
    // It only knows the leaders of topics it has been asked about.
    await admin.fetchTopicOffsets(topic);
    const partitions = [{ partition: 0, offset: String(before) }];
    await admin.deleteTopicRecords({ topic, partitions });
  });
}
