import { deepEqual, equal, ok, rejects } from "assert";
import { SluiceError } from "../../../lib/core/mod.ts";
import { Random } from "../../support/random.ts";
import { withForeignProducer } from "../foreign_client.ts";
import {
  collect,
  readRecords,
  type TestTopic,
  timeLimit,
  valuesOf,
  withSource,
  withTopic,
} from "../test_topic.ts";

async function withTransactions(
  test: (
    topic: TestTopic,
    write: (values: string[], outcome: "commit" | "abort") => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const config = { transactionalId: `id-${topic.topic}`, maxInFlightRequests: 1 };
    await withForeignProducer(topic.connection, config, async (producer) => {
      await test(topic, async (values, outcome) => {
        const transaction = await producer.transaction();
        for (const value of values) {
          await transaction.send({ topic: topic.topic, messages: [{ value }] });
        }
        await transaction[outcome]();
      });
    });
  });
}

Deno.test("read() leaves out aborted records and control records, wherever it is cut", async () => {
  const random = new Random(5);
  await withTransactions(async (topic, write) => {
    const committed: string[] = [];
    for (let i = 0; i < 12; i++) {
      const values = Array.from({ length: random.integer(1, 4) }, (_, j) => `${i}.${j}`);
      const outcome = random.pick(["commit", "abort"] as const);
      await write(values, outcome);
      if (outcome === "commit") committed.push(...values);
    }
    await withSource(topic, async (source) => {
      const all = await readRecords(source);
      deepEqual(valuesOf(all), committed);
      const end = Number((await source.latestOffsets(timeLimit()))[topic.topic]![0]);
      for (let from = 0; from <= end; from += random.integer(1, 3)) {
        const to = random.integer(from, end);
        const reader = source.read(
          { [topic.topic]: { 0: BigInt(from) } },
          { [topic.topic]: { 0: BigInt(to) } },
          { signal: timeLimit() },
        );
        const wanted = all.filter(({ offset }) => offset >= from && offset < to);
        deepEqual(valuesOf(await collect(reader)), valuesOf(wanted));
        deepEqual(reader.endOffsets(), { [topic.topic]: { 0: BigInt(to) } });
      }
    });
    await withSource(topic, async (source) => {
      const values = valuesOf(await readRecords(source));
      ok(values.length > committed.length);
    }, { isolationLevel: "read_uncommitted" });
  });
});

Deno.test("read() reaches the end of a range that holds only control and aborted records", async () => {
  await withTransactions(async (topic, write) => {
    await write(["a"], "commit");
    await write(["b"], "abort");
    await withSource(topic, async (source) => {
      const end = await source.latestOffsets(timeLimit());
      deepEqual(end, { [topic.topic]: { 0: 4n } });
      const reader = source.read({ [topic.topic]: { 0: 1n } }, end, { signal: timeLimit() });
      deepEqual(await collect(reader), []);
      deepEqual(reader.endOffsets(), end);
    });
  });
});

Deno.test("latestOffsets() ends where the first open transaction begins", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const config = { transactionalId: `id-${topic.topic}`, maxInFlightRequests: 1 };
    await withForeignProducer(topic.connection, {}, async (plain) => {
      await withForeignProducer(topic.connection, config, async (producer) => {
        await plain.send({ topic: topic.topic, messages: [{ value: "before" }] });
        const transaction = await producer.transaction();
        await transaction.send({ topic: topic.topic, messages: [{ value: "open" }] });
        await plain.send({ topic: topic.topic, messages: [{ value: "after" }] });
        await withSource(topic, async (source) => {
          deepEqual(await source.latestOffsets(timeLimit()), { [topic.topic]: { 0: 1n } });
          deepEqual(valuesOf(await readRecords(source)), ["before"]);
          await transaction.commit();
          while ((await source.latestOffsets(timeLimit()))[topic.topic]![0] !== 4n);
          deepEqual(valuesOf(await readRecords(source)), ["before", "open", "after"]);
        });
      });
    });
  });
});

Deno.test("read() of a range beyond an open transaction says that one is open", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const config = { transactionalId: `id-${topic.topic}`, maxInFlightRequests: 1 };
    await withForeignProducer(topic.connection, config, async (producer) => {
      const transaction = await producer.transaction();
      await transaction.send({ topic: topic.topic, messages: [{ value: "open" }] });
      await withSource(topic, async (source) => {
        const end = { [topic.topic]: { 0: 1n } };
        await rejects(readRecords(source, {}, end), (error) => {
          ok(error instanceof SluiceError && error.retryable);
          equal(error.code, "RANGE_NOT_REACHED");
          ok(error.message.includes("A transaction is still open"), error.message);
          return true;
        });
      }, { requestTimeoutMs: 600 });
      await withSource(topic, async (source) => {
        deepEqual(valuesOf(await readRecords(source)), ["open"]);
      }, { isolationLevel: "read_uncommitted" });
      await transaction.abort();
    });
  });
});
