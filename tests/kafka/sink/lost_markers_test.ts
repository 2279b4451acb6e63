import { deepEqual, equal, match } from "assert";
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
    const builder = new RecordBatchBuilder();
    const value = new TextEncoder().encode(`of partition ${partition}`);
    builder.append({ key: null, value, headers: [], timestampMs: Date.now() });
    await producer.write(topic, partition, builder);
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

for (const commit of [true, false]) {
  const decision = commit ? "committed" : "aborted";
  Deno.test(`a batch that was ${decision} and hangs in the air all the same is ${decision}`, async () => {
    await withTopic({ numPartitions: PARTITIONS }, (test) =>
      withoutVerification(test, async () => {
        const queryId = crypto.randomUUID();
        await leaveUndecided(test, queryId, commit);
        const notices: string[] = [];
        const client = new KafkaClient(resolveConnection(test.connection));
        const transactions = new BatchTransactions(client, {
          queryId,
          topic: test.topic,
          onNotice: (message) => notices.push(message),
        });
        await transactions.init();
        equal(transactions.heldBatchId, commit ? 0 : undefined);
        equal(notices.length, 1);
        match(notices[0]!, new RegExp(`undecided: it is ${decision} now`));
        // Once is enough.
        await transactions.init();
        equal(notices.length, 1);
        client.close();
        const values = (await readForeign(test.connection, test.topic, PARTITIONS))
          .map(({ value }) => value);
        deepEqual(values, commit ? ["of partition 0", "of partition 1"] : []);
      }));
  });
}
