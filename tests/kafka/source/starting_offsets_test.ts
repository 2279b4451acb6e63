import { deepEqual, equal, rejects, throws } from "assert";
import type { Offsets, Source } from "../../../lib/core/mod.ts";
import { createProducer, kafka, type KafkaOptions } from "../../../lib/kafka/mod.ts";
import { Random } from "../../support/random.ts";
import { withForeignAdmin, withForeignProducer } from "../foreign_client.ts";
import {
  collect,
  type TestTopic,
  timeLimit,
  valuesOf,
  withSource,
  withTopic,
} from "../test_topic.ts";

const brokers = ["127.0.0.1:9092"];
/** When the first record of a test was written, in milliseconds since 1970. */
const FIRST_MS = Date.parse("2026-01-01T00:00:00Z");

/** Writes one record a second into each of the first `partitions` partitions. */
async function writeSeconds(
  { connection, topic }: TestTopic,
  seconds: number,
  partitions = 2,
): Promise<void> {
  const producer = createProducer(connection);
  const records = Array.from(
    { length: partitions },
    (_, partition) =>
      Array.from({ length: seconds }, (_, i) => ({
        value: `${partition}:${i}`,
        partition,
        timestampMs: FIRST_MS + i * 1000,
      })),
  );
  await producer.send(topic, records.flat());
  await producer.close();
}

/** Where a source that is made with some options begins. */
async function startOf(topic: TestTopic, options: Partial<KafkaOptions>): Promise<unknown> {
  let offsets: Offsets = {};
  await withSource(topic, async (source) => {
    offsets = await source.initialOffsets(timeLimit());
  }, options);
  return offsets[topic.topic];
}

async function refusedAtStart(
  topic: TestTopic,
  options: Partial<KafkaOptions>,
  error: { code: string; message: RegExp },
): Promise<void> {
  await withSource(topic, async (source) => {
    await rejects(source.initialOffsets(timeLimit()), error);
  }, options);
}

Deno.test("startingOffsets by partition: numbers, names, and Spark's numbers and JSON", async () => {
  await withTopic({ numPartitions: 3 }, async (test) => {
    await writeSeconds(test, 5, 3);
    const { topic } = test;
    deepEqual(
      await startOf(test, { startingOffsets: { [topic]: { 0: 3n, 1: "latest", 2: "earliest" } } }),
      { 0: 3n, 1: 5n, 2: 0n },
    );
    deepEqual(
      await startOf(test, { startingOffsets: { [topic]: { 0: 5, 1: -1, 2: -2n } } }),
      { 0: 5n, 1: 5n, 2: 0n },
    );
    deepEqual(
      await startOf(test, { startingOffsets: `{"${topic}":{"0":2,"1":-1,"2":-2}}` }),
      { 0: 2n, 1: 5n, 2: 0n },
    );
  });
});

Deno.test("startingOffsets by partition must name all partitions and no others", async () => {
  await withTopic({ numPartitions: 2 }, async (test) => {
    const { topic } = test;
    await refusedAtStart(test, { startingOffsets: { [topic]: { 0: 0 } } }, {
      code: "BAD_OPTION",
      message: new RegExp(`found nothing for ${topic}-1, wanted all partitions: ${topic}-0, `),
    });
    await refusedAtStart(test, { startingOffsets: { [topic]: { 0: 0, 1: 0, 2: 0 } } }, {
      code: "BAD_OPTION",
      message: new RegExp(`found ${topic}-2, which is not read`),
    });
    await refusedAtStart(test, { startingOffsets: { [topic]: { 0: 0, 1: 0 }, other: { 0: 0 } } }, {
      code: "BAD_OPTION",
      message: /found other-0, which is not read/,
    });
    await refusedAtStart(test, { startingOffsetsByTimestamp: { [topic]: { 1: FIRST_MS } } }, {
      code: "BAD_OPTION",
      message: new RegExp(`option "startingOffsetsByTimestamp": found nothing for ${topic}-0`),
    });
  });
});

Deno.test("startingOffsets that are not there are data loss, or the nearest are taken", async () => {
  await withTopic({ numPartitions: 2 }, async (test) => {
    await writeSeconds(test, 10);
    const { topic, connection } = test;
    await withForeignAdmin(connection, async (admin) => {
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "4" }] });
    });
    for (const offsets of [{ 0: 3, 1: 0 }, { 0: 4, 1: 11 }]) {
      await refusedAtStart(test, { startingOffsets: { [topic]: offsets } }, {
        code: "DATA_LOSS",
        message: /option "startingOffsets", test-.*: found test-.* holds \[(4|0), 10\)/,
      });
    }
    const startingOffsets = { [topic]: { 0: 3, 1: 11 } };
    deepEqual(await startOf(test, { startingOffsets, failOnDataLoss: false }), { 0: 4n, 1: 10n });
  });
});

Deno.test("startingTimestamp begins where another client finds that time", async () => {
  const random = new Random(3);
  await withTopic({ numPartitions: 2 }, async (test) => {
    await writeSeconds(test, 20);
    const { topic, connection } = test;
    await withForeignAdmin(connection, async (admin) => {
      for (let round = 0; round < 10; round++) {
        const startingTimestamp = FIRST_MS + random.integer(-500, 19_000);
        const found = await admin.fetchTopicOffsetsByTimestamp(topic, startingTimestamp);
        const wanted = Object.fromEntries(
          found.map(({ partition, offset }) => [partition, BigInt(offset)]),
        );
        deepEqual(await startOf(test, { startingTimestamp }), wanted);
        const asText = new Date(startingTimestamp).toISOString();
        deepEqual(await startOf(test, { startingTimestamp: asText }), wanted);
      }
    });
    // Of a part of a millisecond, the next one counts.
    deepEqual(
      await startOf(test, { startingTimestamp: "2026-01-01T00:00:04.000001Z" }),
      { 0: 5n, 1: 5n },
    );
    const startingOffsetsByTimestamp = {
      [topic]: { 0: FIRST_MS + 7_000, 1: "2026-01-01T01:00:02+01:00" },
    };
    deepEqual(await startOf(test, { startingOffsetsByTimestamp }), { 0: 7n, 1: 2n });
    const json = `{"${topic}":{"0":${FIRST_MS + 1},"1":${FIRST_MS}}}` as const;
    deepEqual(await startOf(test, { startingOffsetsByTimestamp: json }), { 0: 1n, 1: 0n });
  });
});

Deno.test("a startingTimestamp after all records is an error, or the end", async () => {
  await withTopic({ numPartitions: 2 }, async (test) => {
    await writeSeconds(test, 3, 1);
    const startingTimestamp = FIRST_MS + 1_000;
    await refusedAtStart(test, { startingTimestamp }, {
      code: "BAD_OPTION",
      message: new RegExp(`${test.topic}-1: found no record at ${startingTimestamp} ms since 1970`),
    });
    const startingOffsetsByTimestampStrategy = "latest";
    deepEqual(
      await startOf(test, { startingTimestamp, startingOffsetsByTimestampStrategy }),
      { 0: 1n, 1: 0n },
    );
  });
});

Deno.test("with an end a source is bounded, and its end stays where it was", async () => {
  await withTopic({ numPartitions: 2 }, async (test) => {
    await writeSeconds(test, 10);
    const { topic } = test;
    const endOf = async (source: Source) => (await source.latestOffsets(timeLimit()))[topic];
    const ends: [Partial<KafkaOptions>, Record<number, bigint>][] = [
      [{ endingOffsets: "latest" }, { 0: 10n, 1: 10n }],
      [{ endingOffsets: { [topic]: { 0: 4, 1: "latest" } } }, { 0: 4n, 1: 10n }],
      [{ endingOffsets: `{"${topic}":{"0":0,"1":-1}}` }, { 0: 0n, 1: 10n }],
      [{ endingTimestamp: FIRST_MS + 2_500 }, { 0: 3n, 1: 3n }],
      [{ endingTimestamp: "2026-01-02T00:00:00Z" }, { 0: 10n, 1: 10n }],
      [{ endingOffsetsByTimestamp: { [topic]: { 0: FIRST_MS, 1: FIRST_MS + 8_001 } } }, {
        0: 0n,
        1: 9n,
      }],
    ];
    const sources = ends.map(([options]) => kafka({ ...test.connection, topic, ...options }));
    for (const [i, source] of sources.entries()) {
      equal(source.isBounded, true);
      deepEqual(await endOf(source), ends[i]![1]);
    }
    await writeSeconds(test, 5);
    for (const [i, source] of sources.entries()) {
      deepEqual(await endOf(source), ends[i]![1]);
      deepEqual((await source.logEndOffsets(timeLimit()))[topic], { 0: 15n, 1: 15n });
      await source.close();
    }
    await withSource(test, (source) => {
      equal(source.isBounded, false);
      return Promise.resolve();
    });
  });
});

Deno.test("a bounded source hands over all before its end, of open transactions too", async () => {
  await withTopic({ numPartitions: 1 }, async (test) => {
    const { topic, connection } = test;
    const config = { transactionalId: `id-${topic}`, maxInFlightRequests: 1 };
    await withForeignProducer(connection, config, async (producer) => {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value: "a" }, { value: "b" }] });
      await withSource(test, async (source) => {
        const end = await source.latestOffsets(timeLimit());
        deepEqual(end, { [topic]: { 0: 2n } });
        const reading = collect(source.read({}, end, { signal: timeLimit() }));
        await transaction.commit();
        deepEqual(valuesOf(await reading), ["a", "b"]);
      }, { endingOffsets: { [topic]: { 0: 2 } } });
    });
  });
});

Deno.test("an end that is never reached, or before the start, is refused", async () => {
  await withTopic({ numPartitions: 2 }, async (test) => {
    await writeSeconds(test, 10);
    const { topic } = test;
    await refusedAtStart(test, { endingOffsets: { [topic]: { 0: 10, 1: 11 } } }, {
      code: "BAD_OPTION",
      message: new RegExp(`"endingOffsets", ${topic}-1: found 11, wanted 10, where the partition`),
    });
    await refusedAtStart(test, {
      startingOffsets: "latest",
      endingTimestamp: FIRST_MS + 5_000,
    }, {
      code: "BAD_OPTION",
      message: new RegExp(`"endingTimestamp", ${topic}-0: found 5, wanted 10, where it starts`),
    });
    await refusedAtStart(test, { endingOffsets: { [topic]: { 0: 10 } } }, {
      code: "BAD_OPTION",
      message: new RegExp(`found nothing for ${topic}-1`),
    });
  });
});

Deno.test("kafka() refuses offsets and times that mean nothing", () => {
  const refused: [options: Record<string, unknown>, message: RegExp][] = [
    [{ startingOffsets: "newest" }, /option "startingOffsets": found "newest", wanted "earliest"/],
    [{ startingOffsets: { t: { 0: -3 } } }, /found -3/],
    [{ startingOffsets: { t: { 0: 1.5 } } }, /found 1\.5/],
    [{ startingOffsets: { t: { a: 1 } } }, /found \{"t":\{"a":1\}\}/],
    [{ startingOffsets: { t: 5 } }, /found \{"t":5\}/],
    [{ startingOffsets: '{"t":{"0":"x"}}' }, /found "\{/],
    [{ startingTimestamp: "2026-01-01" }, /ISO 8601 text with a zone/],
    [{ startingTimestamp: "2026-01-01T00:00:00" }, /ISO 8601 text with a zone/],
    [{ startingTimestamp: -1 }, /found -1/],
    [{ startingTimestamp: 1, startingOffsets: "latest" }, /found option "startingOffsets" too/],
    [{ startingOffsetsByTimestamp: { t: { 0: "x" } } }, /found "x"/],
    [{ startingOffsetsByTimestampStrategy: "earliest" }, /wanted "error" or "latest"/],
    [{ endingOffsets: "earliest" }, /option "endingOffsets": found "earliest", wanted "latest"/],
    [{ endingOffsets: { t: { 0: -2 } } }, /found -2/],
    [{ endingTimestamp: 1, endingOffsetsByTimestamp: {} }, /one of the two/],
    [
      { startingTimestamp: 5_000, endingTimestamp: 4_000 },
      /found 1970-01-01T00:00:04\.000Z, wanted 1970-01-01T00:00:05\.000Z, where it starts/,
    ],
    [
      { startingOffsets: { t: { 0: 5 } }, endingOffsets: { t: { 0: 4 } } },
      /option "endingOffsets", t-0: found 4, wanted 5, where it starts, or more/,
    ],
  ];
  for (const [options, message] of refused) {
    throws(() => kafka({ brokers, topic: "t", ...options } as KafkaOptions), {
      code: "BAD_OPTION",
      message,
    });
  }
});
