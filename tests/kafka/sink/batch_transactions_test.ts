import { equal, rejects } from "assert";
import { KafkaClient } from "../../../lib/kafka/client.ts";
import { fetchGroupOffset } from "../../../lib/kafka/group_offsets.ts";
import { alterGroupOffsets } from "../../../lib/kafka/mod.ts";
import { resolveConnection } from "../../../lib/kafka/options.ts";
import { initProducerId, NEW_PRODUCER } from "../../../lib/kafka/produce.ts";
import { ErrorCode } from "../../../lib/kafka/protocol_errors.ts";
import { BatchTransactions } from "../../../lib/kafka/sink/batch_transactions.ts";
import { type TestTopic, withTopic } from "../test_topic.ts";

/** What a consumer group has stored for the topic, once no transaction is about to change it. */
function groupOf({ topic, connection }: TestTopic, groupId: string) {
  const client = new KafkaClient(resolveConnection(connection));
  return {
    stored: () => client.patiently(() => fetchGroupOffset(client, groupId, topic, 0)),
    forget: () => alterGroupOffsets(connection, groupId, { [topic]: { 0: 0n } }),
    close: () => client.close(),
  };
}

/** Runs a test with the transactions of a query, and closes their connections afterwards. */
async function withTransactions(
  { topic, connection }: TestTopic,
  queryId: string,
  notices: string[],
  test: (transactions: BatchTransactions) => Promise<void>,
): Promise<void> {
  const client = new KafkaClient(resolveConnection(connection));
  const onNotice = (message: string) => notices.push(message);
  const transactions = new BatchTransactions(client, { queryId, topic, onNotice });
  try {
    await transactions.init();
    await test(transactions);
  } finally {
    client.close();
  }
}

Deno.test("refresh() stores the key again where the broker forgot it, but not for a run that was fenced", async () => {
  await withTopic({ numPartitions: 1 }, async (test) => {
    const queryId = crypto.randomUUID();
    const notices: string[] = [];
    await withTransactions(test, queryId, notices, async (older) => {
      const group = groupOf(test, `sluice-${queryId}`);
      const commit = async (transactions: BatchTransactions, batchId: number) =>
        await (await transactions.stage(batchId, 0, () => Promise.resolve())).commit();
      // Nothing is there to be kept yet.
      await older.refresh();
      equal(await group.stored(), undefined);
      await commit(older, 0);
      equal(await group.stored(), 1n);
      await group.forget();
      await older.refresh();
      equal(await group.stored(), 1n);

      // A batch on its way is left alone.
      await group.forget();
      const staged = await older.stage(1, 0, () => Promise.resolve());
      await older.refresh();
      await staged.commit();
      equal(await group.stored(), 2n);

      await withTransactions(test, queryId, notices, async (newer) => {
        await commit(newer, 2);
        await older.refresh();
        equal(await group.stored(), 3n);
        equal(notices.length, 1);
      });
      group.close();
    });
  });
});

Deno.test("a transaction that the broker ended by itself is tried again by the run that has the id", async () => {
  await withTopic({ numPartitions: 1 }, async (test) => {
    const queryId = crypto.randomUUID();
    const id = `sluice-${queryId}-${test.topic}`;
    await withTransactions(test, queryId, [], async (transactions) => {
      const stage = () => transactions.stage(0, 0, () => Promise.resolve());
      const staged = await stage();
      // As when it was open for too long: whoever asks for the id first has to wait for this to end.
      const client = new KafkaClient(resolveConnection(test.connection));
      const { errorCode } = await initProducerId(
        await client.coordinator("transaction", id),
        id,
        60_000,
        NEW_PRODUCER,
      );
      client.close();
      equal(errorCode, ErrorCode.CONCURRENT_TRANSACTIONS);
      await rejects(staged.commit(), { code: "TRANSACTION_TIMED_OUT", retryable: true });
      equal((await (await stage()).commit()).status, "committed");
    });
  });
});

Deno.test("a run does not go on after a key that was there is gone", async () => {
  await withTopic({ numPartitions: 1 }, async (test) => {
    const queryId = crypto.randomUUID();
    await withTransactions(test, queryId, [], async (transactions) => {
      await (await transactions.stage(0, 0, () => Promise.resolve())).commit();
      const group = groupOf(test, `sluice-${queryId}`);
      await group.forget();
      await rejects(transactions.init(), { code: "SINK_BEHIND", retryable: false });
      await rejects(transactions.stage(1, 0, () => Promise.resolve()), { code: "SINK_BEHIND" });
      group.close();
    });
  });
});
