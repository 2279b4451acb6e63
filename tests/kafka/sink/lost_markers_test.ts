import { deepEqual, equal, match, rejects } from "assert";
import { onFailpoint, type SluiceError } from "../../../lib/core/mod.ts";
import kafkajs from "kafkajs";
import { KafkaClient } from "../../../lib/kafka/client.ts";
import { createTopicIfAbsent, deleteTopicIfPresent } from "../../../lib/kafka/mod.ts";
import { resolveConnection } from "../../../lib/kafka/options.ts";
import { RecordBatchBuilder } from "../../../lib/kafka/record_batch_builder.ts";
import { BatchTransactions } from "../../../lib/kafka/sink/batch_transactions.ts";
import { TransactionalProducer } from "../../../lib/kafka/transaction.ts";
import { RequestWriter } from "../../../lib/kafka/wire.ts";
import { readForeign, withForeignAdmin } from "../foreign_client.ts";
import { type TestTopic, withTopic } from "../test_topic.ts";

const PARTITIONS = 2;
const TXN_OFFSET_COMMIT = { name: "TxnOffsetCommit", key: 28, version: 2, flexible: false };

/**
 * Runs a test on brokers that take records for a transaction which they are not part of, as old ones
 * did: so one can be left as a broker leaves it that calls a transaction done and writes its end nowhere.
 */
async function withoutVerification(
  { connection }: TestTopic,
  test: () => Promise<void>,
): Promise<void> {
  await withForeignAdmin(connection, async (admin) => {
    const { brokers } = await admin.describeCluster();
    const set = async (configEntries: { name: string; value: string }[]) => {
      const type = kafkajs.ConfigResourceTypes.BROKER;
      const resources = brokers.map(({ nodeId }) => ({
        type,
        name: String(nodeId),
        configEntries,
      }));
      await admin.alterConfigs({ validateOnly: false, resources });
    };
    await set([{ name: "transaction.partition.verification.enable", value: "false" }]);
    try {
      await test();
    } finally {
      await set([]);
    }
  });
}

function builderOf(text: string): RecordBatchBuilder {
  const builder = new RecordBatchBuilder();
  const value = new TextEncoder().encode(text);
  builder.append({ key: null, value, headers: [], timestampMs: Date.now() });
  return builder;
}

/** Leaves a batch whose transaction was decided, and neither its records nor its key heard of it. */
async function leaveUndecided(
  { topic, connection }: TestTopic,
  queryId: string,
  commit: boolean,
): Promise<void> {
  const other = `${topic}-other`;
  await createTopicIfAbsent(connection, { topic: other, numPartitions: 1 });
  const client = new KafkaClient(resolveConnection(connection));
  const transactionalId = `sluice-${queryId}-${topic}`;
  const producer = new TransactionalProducer(client, transactionalId);
  await producer.init();
  await producer.addPartitions(other, [0]);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    await producer.write(topic, partition, builderOf(`of partition ${partition}`));
  }
  const groupId = `sluice-${queryId}`;
  const request = new RequestWriter(false)
    .string(transactionalId)
    .string(groupId)
    .int64(producer.producerId)
    .int16(0);
  request.array([topic], () => {
    request.string(topic).array([0], () => request.int32(0).int64(1n).int32(-1).string(null));
  });
  await client.patiently(async () => {
    const coordinator = await client.coordinator("group", groupId);
    const response = await coordinator.send(TXN_OFFSET_COMMIT, request);
    response.int32();
    response.array(() => {
      response.string();
      response.array(() => {
        response.int32();
        equal(response.int16(), 0);
      });
    });
  });
  await producer.end(commit);
  client.close();
  await deleteTopicIfPresent(connection, other);
}

/** A run of a query, up to the transactions of its sink. */
function runOf({ topic, connection }: TestTopic, queryId: string) {
  const client = new KafkaClient(resolveConnection(connection));
  const notices: string[] = [];
  const onNotice = (message: string) => void notices.push(message);
  const transactions = new BatchTransactions(client, { queryId, topic, onNotice });
  const coordinator = () => client.coordinator("transaction", `sluice-${queryId}-${topic}`);
  return {
    client,
    notices,
    transactions,
    loseCoordinator: async () => (await coordinator()).close(),
    [Symbol.dispose]: () => client.close(),
  };
}

/** Has a run fail when it has fenced the one before, and has not ended yet what that left. */
async function failBehindFencing({ transactions }: ReturnType<typeof runOf>): Promise<void> {
  onFailpoint((name) => {
    if (name === "kafka:fenced") throw new Error("power cut");
  });
  try {
    await rejects(transactions.init(), /power cut/);
  } finally {
    onFailpoint(undefined);
  }
}

/** Commits a batch with a record in the first partition, whose end is not written there. */
async function commitHanging({ transactions }: ReturnType<typeof runOf>, topic: string) {
  const staged = await transactions.stage(
    0,
    1,
    (producer) => producer.write(topic, 0, builderOf("batch 0")),
  );
  await staged.commit();
}

async function writeNext(producer: TransactionalProducer, topic: string): Promise<void> {
  await producer.addPartitions(topic, [1]);
  await producer.write(topic, 1, builderOf("batch 1"));
}

async function commitNext({ transactions }: ReturnType<typeof runOf>, topic: string) {
  const staged = await transactions.stage(1, 1, (producer) => writeNext(producer, topic));
  await staged.commit();
}

async function valuesOf({ topic, connection }: TestTopic): Promise<(string | null)[]> {
  return (await readForeign(connection, topic, PARTITIONS)).map(({ value }) => value);
}

for (const commit of [true, false]) {
  const decision = commit ? "committed" : "aborted";
  Deno.test(`a batch that was ${decision} and hangs in the air all the same is ${decision}`, async () => {
    await withTopic({ numPartitions: PARTITIONS }, (test) =>
      withoutVerification(test, async () => {
        const queryId = crypto.randomUUID();
        await leaveUndecided(test, queryId, commit);
        using run = runOf(test, queryId);
        await run.transactions.init();
        equal(run.transactions.heldBatchId, commit ? 0 : undefined);
        equal(run.notices.length, 1);
        match(run.notices[0]!, new RegExp(`undecided: it is ${decision} now`));
        // Once is enough.
        await run.transactions.init();
        equal(run.notices.length, 1);
        deepEqual(await valuesOf(test), commit ? ["of partition 0", "of partition 1"] : []);
      }));
  });

  Deno.test(`a batch that was ${decision} is ${decision} by a run that first failed behind the fencing`, async () => {
    await withTopic({ numPartitions: PARTITIONS }, (test) =>
      withoutVerification(test, async () => {
        const queryId = crypto.randomUUID();
        await leaveUndecided(test, queryId, commit);
        using run = runOf(test, queryId);
        await failBehindFencing(run);
        await run.transactions.init();
        deepEqual(await valuesOf(test), commit ? ["of partition 0", "of partition 1"] : []);
      }));
  });
}

Deno.test("a whole batch of which nobody knows any more how it was decided is committed", async () => {
  await withTopic({ numPartitions: PARTITIONS }, (test) =>
    withoutVerification(test, async () => {
      const queryId = crypto.randomUUID();
      await leaveUndecided(test, queryId, true);
      using crashed = runOf(test, queryId);
      await failBehindFencing(crashed);
      using next = runOf(test, queryId);
      await next.transactions.init();
      equal(next.transactions.heldBatchId, 0);
      deepEqual(await valuesOf(test), ["of partition 0", "of partition 1"]);
    }));
});

Deno.test("a part of a batch of which nobody knows any more how it was decided stops the query", async () => {
  await withTopic({ numPartitions: PARTITIONS }, (test) =>
    withoutVerification(test, async () => {
      const queryId = crypto.randomUUID();
      using first = runOf(test, queryId);
      await commitHanging(first, test.topic);
      using crashed = runOf(test, queryId);
      await failBehindFencing(crashed);
      using next = runOf(test, queryId);
      for (let attempt = 0; attempt < 2; attempt++) {
        await rejects(next.transactions.init(), { code: "TRANSACTION_UNDECIDED" });
      }
      deepEqual(next.notices, []);
    }));
});

Deno.test("a run that finds a partition without a leader leaves what was decided for the next", async () => {
  await withTopic({ numPartitions: PARTITIONS }, (test) =>
    withoutVerification(test, async () => {
      const queryId = crypto.randomUUID();
      await leaveUndecided(test, queryId, false);
      using early = runOf(test, queryId);
      const { client } = early;
      const find = client.topic.bind(client);
      client.topic = async (topic) => {
        const metadata = await find(topic);
        const [first, ...others] = metadata.partitions;
        return { ...metadata, partitions: [{ ...first!, leaderId: -1 }, ...others] };
      };
      await rejects(early.transactions.init(), { code: "KAFKA_UNAVAILABLE", retryable: true });
      using next = runOf(test, queryId);
      await next.transactions.init();
      match(next.notices.join(), /aborted now/);
      deepEqual(await valuesOf(test), []);
    }));
});

Deno.test("a batch whose commit is on its way to many partitions is not taken for an aborted one", async () => {
  await withTopic({ numPartitions: PARTITIONS }, (test) =>
    withoutVerification(test, async () => {
      const busy = `${test.topic}-busy`;
      const numPartitions = 100;
      await createTopicIfAbsent(test.connection, { topic: busy, numPartitions });
      try {
        using run = runOf(test, crypto.randomUUID());
        await run.transactions.init();
        const staged = await run.transactions.stage(0, 1, async (producer) => {
          await producer.addPartitions(busy, Array.from({ length: numPartitions }, (_, i) => i));
          await producer.write(test.topic, 0, builderOf("batch 0"));
        });
        await staged.commit();
        // At once, while brokers still write the end of the transaction.
        await run.transactions.init();
        equal(run.transactions.heldBatchId, 0);
        deepEqual(await valuesOf(test), ["batch 0"]);
      } finally {
        await deleteTopicIfPresent(test.connection, busy);
      }
    }));
});

Deno.test("a batch that begins at another coordinator first ends the one before", async () => {
  await withTopic({ numPartitions: PARTITIONS }, (test) =>
    withoutVerification(test, async () => {
      using run = runOf(test, crypto.randomUUID());
      await commitHanging(run, test.topic);
      const disturbed = run.transactions.stage(1, 1, async (producer) => {
        await run.loseCoordinator();
        await writeNext(producer, test.topic);
      });
      await rejects(disturbed, (error: SluiceError) => error.retryable);
      await commitNext(run, test.topic);
      deepEqual(await valuesOf(test), ["batch 0", "batch 1"]);
    }));
});

Deno.test("a batch that begins after an init that failed first ends the one before", async () => {
  await withTopic({ numPartitions: PARTITIONS }, (test) =>
    withoutVerification(test, async () => {
      using run = runOf(test, crypto.randomUUID());
      await commitHanging(run, test.topic);
      await failBehindFencing(run);
      await commitNext(run, test.topic);
      deepEqual(await valuesOf(test), ["batch 0", "batch 1"]);
    }));
});

Deno.test("refresh() at another coordinator first ends the batch before", async () => {
  await withTopic({ numPartitions: PARTITIONS }, (test) =>
    withoutVerification(test, async () => {
      using run = runOf(test, crypto.randomUUID());
      await commitHanging(run, test.topic);
      await run.loseCoordinator();
      await run.transactions.refresh();
      match(run.notices.join(), /undecided: it is committed now/);
      deepEqual(await valuesOf(test), ["batch 0"]);
    }));
});
