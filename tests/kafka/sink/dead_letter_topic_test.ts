import { deepEqual, equal, ok, rejects, throws } from "assert";
import {
  Batch,
  type CommitOutcome,
  type DeadLetter,
  type MicroBatch,
  onFailpoint,
  schema as s,
  type SinkWriter,
  SluiceError,
} from "../../../lib/core/mod.ts";
import { deadLetterTopic, deleteTopicIfPresent } from "../../../lib/kafka/mod.ts";
import { sinkContext } from "../../support/micro_batches.ts";
import { withForeignAdmin } from "../foreign_client.ts";
import {
  type ReadRecord,
  readRecords,
  readSettled,
  type TestTopic,
  timeLimit,
  valuesOf,
  withSource,
  withTopic,
} from "../test_topic.ts";

const encoder = new TextEncoder();
const schema = s.struct({ id: s.long() });

function letter(value: string | null, more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    topic: "trades",
    partition: 3,
    offset: 9007199254740993n,
    timestampMs: 1_600_000_000_000,
    key: null,
    value: value === null ? null : encoder.encode(value),
    headers: [],
    error: "no JSON",
    ...more,
  };
}

function microBatch(batchId: number, ...deadLetters: DeadLetter[]): MicroBatch {
  const batch = new Batch<Record<string, unknown>>(schema);
  return { batchId, batch, deadLetters, startOffsets: {}, endOffsets: {} };
}

function open({ topic, connection }: TestTopic, queryId: string): Promise<SinkWriter> {
  return deadLetterTopic({ topic, ...connection }).open(sinkContext(schema, queryId));
}

async function commit(writer: SinkWriter, batch: MicroBatch): Promise<CommitOutcome> {
  return await (await writer.stage(batch)).commit();
}

function newQueryId(): string {
  return crypto.randomUUID();
}

const unknownOutcome = new SluiceError("KAFKA_UNAVAILABLE", {
  attempted: "commit",
  retryable: true,
});

/** Runs something with a commit whose answer is lost: it landed, and throws. */
async function losingAnswers(run: () => Promise<unknown>): Promise<void> {
  onFailpoint((name) => {
    if (name === "kafka:committed") throw unknownOutcome;
  });
  try {
    await rejects(run(), unknownOutcome);
  } finally {
    onFailpoint(undefined);
  }
}

Deno.test("a dead letter keeps its record as it came, and says what was wrong and where from", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = newQueryId();
    const writer = await open(topic, queryId);
    const headers = [{ key: "trace", value: encoder.encode("7") }, { key: "none", value: null }];
    const beforeMs = Date.now();
    deepEqual(
      await commit(
        writer,
        microBatch(4, letter("{", { key: encoder.encode("k"), headers }), letter(null)),
      ),
      { status: "committed", numOutputRows: 2 },
    );
    await writer.close();
    const [first, second] = await readSettled(topic);
    deepEqual([first!.key, first!.value, second!.key, second!.value], ["k", "{", null, null]);
    // The time of writing: retention counts from it.
    ok(first!.timestampMs >= beforeMs);
    const added = [
      ["sluice.error", "no JSON"],
      ["sluice.topic", "trades"],
      ["sluice.partition", "3"],
      ["sluice.offset", "9007199254740993"],
      ["sluice.timestamp", "1600000000000"],
      ["sluice.queryId", queryId],
      ["sluice.batchId", "4"],
    ].map(([key, value]) => ({ key: key!, value: encoder.encode(value!) }));
    deepEqual(plain(first!), [...headers, ...added]);
    deepEqual(plain(second!), added);
  });
});

Deno.test("letters are invisible until the commit, and gone after an abort", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const writer = await open(topic, newQueryId());
    const staged = await writer.stage(microBatch(0, letter("a")));
    await withSource(topic, async (source) => deepEqual(await readRecords(source), []));
    await staged.abort();
    deepEqual(await readSettled(topic), []);
    await commit(writer, microBatch(0, letter("b")));
    deepEqual(valuesOf(await readSettled(topic)), ["b"]);
    await writer.close();
  });
});

Deno.test("a batch replayed by a later run is not written again", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = newQueryId();
    const first = await open(topic, queryId);
    await commit(first, microBatch(0, letter("a")));
    await commit(first, microBatch(1));
    await commit(first, microBatch(2, letter("b")));
    await first.close();
    const second = await open(topic, queryId);
    deepEqual(await commit(second, microBatch(2, letter("b"))), { status: "alreadyCommitted" });
    await commit(second, microBatch(3, letter("c")));
    await second.close();
    deepEqual(valuesOf(await readSettled(topic)), ["a", "b", "c"]);
  });
});

Deno.test("a commit whose answer was lost is recognised, by the same run and by the next", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = newQueryId();
    const first = await open(topic, queryId);
    await losingAnswers(() => commit(first, microBatch(0, letter("a"))));
    deepEqual(await commit(first, microBatch(0, letter("a"))), {
      status: "committed",
      numOutputRows: 1,
    });
    await losingAnswers(() => commit(first, microBatch(1, letter("b"))));
    await first.close();
    const second = await open(topic, queryId);
    deepEqual(await commit(second, microBatch(1, letter("b"))), { status: "alreadyCommitted" });
    await commit(second, microBatch(2, letter("c")));
    await second.close();
    deepEqual(valuesOf(await readSettled(topic)), ["a", "b", "c"]);
  });
});

Deno.test("a run that ends between writing and committing leaves nothing; its batch is written anew", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = newQueryId();
    const first = await open(topic, queryId);
    await first.stage(microBatch(0, letter("a")));
    await first.close();
    const second = await open(topic, queryId);
    await commit(second, microBatch(0, letter("a")));
    await second.close();
    deepEqual(valuesOf(await readSettled(topic)), ["a"]);
  });
});

Deno.test("a commit that failed before it was sent is done again by the same run", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const writer = await open(topic, newQueryId());
    onFailpoint((name) => {
      if (name === "kafka:staged") throw unknownOutcome;
    });
    try {
      await rejects(commit(writer, microBatch(0, letter("a"))), unknownOutcome);
    } finally {
      onFailpoint(undefined);
    }
    const committed = { status: "committed", numOutputRows: 1 };
    deepEqual(await commit(writer, microBatch(0, letter("a"))), committed);
    await writer.close();
    deepEqual(valuesOf(await readSettled(topic)), ["a"]);
  });
});

Deno.test("an older run is fenced by a newer one of the same query, staged or not", async () => {
  const fenced = (error: unknown) => {
    ok(error instanceof SluiceError);
    equal(error.code, "FENCED");
    equal(error.retryable, false);
    return true;
  };
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = newQueryId();
    const older = await open(topic, queryId);
    const staged = await older.stage(microBatch(0, letter("older")));
    const newer = await open(topic, queryId);
    await rejects(staged.commit(), fenced);
    await rejects(older.stage(microBatch(0, letter("older"))), fenced);
    await commit(newer, microBatch(0, letter("newer")));
    await rejects(older.stage(microBatch(1, letter("older"))), fenced);
    await older.close();
    await newer.close();
    deepEqual(valuesOf(await readSettled(topic)), ["newer"]);
  });
});

Deno.test("a batch is known by its letters where the broker has forgotten the group's offset", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = newQueryId();
    const first = await open(topic, queryId);
    await commit(first, microBatch(0, letter("a")));
    await commit(first, microBatch(1, letter("b")));
    await first.close();
    const other = await open(topic, newQueryId());
    await commit(other, microBatch(7, letter("of another query")));
    await other.close();
    await withForeignAdmin(topic.connection, async (admin) => {
      await admin.deleteGroups([`sluice-${queryId}`]);
    });
    const second = await open(topic, queryId);
    deepEqual(await commit(second, microBatch(1, letter("b"))), { status: "alreadyCommitted" });
    await second.close();
    deepEqual(valuesOf(await readSettled(topic)), ["a", "b", "of another query"]);
  });
});

Deno.test("a topic that is ahead of the checkpoint is an error, not silence", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const queryId = newQueryId();
    const writer = await open(topic, queryId);
    await commit(writer, microBatch(5, letter("a")));
    await rejects(writer.stage(microBatch(3, letter("b"))), { code: "SINK_AHEAD" });
    await writer.close();
  });
});

Deno.test("batches without letters cost nothing and many letters are written in parts", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    const writer = await open(topic, newQueryId());
    deepEqual(await commit(writer, microBatch(0)), { status: "committed", numOutputRows: 0 });
    const long = Array.from({ length: 5 }, (_, i) => letter(String(i).repeat(400_000)));
    await commit(writer, microBatch(1, ...long));
    const many = Array.from({ length: 20_000 }, (_, i) => letter(String(i)));
    await commit(writer, microBatch(2, ...many));
    await writer.close();
    const wanted = [...long, ...many].map(({ value }) => new TextDecoder().decode(value!));
    deepEqual(valuesOf(await readSettled(topic)), wanted);
  });
});

Deno.test("the topic is made where there is none, and takes the longest records of others", async () => {
  await withTopic({ numPartitions: 1 }, async (topic) => {
    await deleteTopicIfPresent(topic.connection, topic.topic);
    const writer = await open(topic, newQueryId());
    const longest = "x".repeat(1_048_500);
    await commit(writer, microBatch(0, letter(longest)));
    await writer.close();
    deepEqual(valuesOf(await readSettled(topic)), [longest]);
  });
});

Deno.test("deadLetterTopic() refuses options it does not know", () => {
  const options = { topic: "t", brokers: ["127.0.0.1:9092"], partitions: 3 };
  throws(() => deadLetterTopic(options as never), { code: "UNKNOWN_OPTION" });
});

function plain({ headers }: ReadRecord): { key: string; value: Uint8Array | null }[] {
  return headers.map(({ key, value }) => ({ key, value: value && new Uint8Array(value) }));
}

Deno.test("a dead letter topic is known by the id that its source has for it", async () => {
  await withTopic({ numPartitions: 1 }, async (test) => {
    const writer = await open(test, crypto.randomUUID());
    try {
      await withSource(test, async (source) => {
        deepEqual(await source.identities(timeLimit()), { [test.topic]: writer.topicId });
      });
    } finally {
      await writer.close();
    }
  });
});
