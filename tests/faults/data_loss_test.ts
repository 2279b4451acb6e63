import { equal, match, rejects } from "assert";
import { kafka, type StreamingQuery } from "sluice";
import { onFailpoint } from "../../lib/core/mod.ts";
import { deleteTopicIfPresent } from "../../lib/kafka/mod.ts";
import { multisink } from "../../pipelines/multisink.ts";
import { withForeignAdmin } from "../kafka/foreign_client.ts";
import { testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { postgresTradeIds, produceLedger, removeLedger, withSql } from "../support/trade_ledger.ts";

Deno.test("a topic that was deleted and made anew stops the query, and the error says so", async () => {
  await using world = await prepare();
  await produceLedger(world.brokers, world.name, 300, 1_000);
  await (await world.start()).awaitTermination();

  await deleteTopicIfPresent({ brokers: world.brokers }, world.name);
  // The new topic is longer than the old one, so that every stored offset is there.
  await produceLedger(world.brokers, world.name, 900, 1_000);
  await rejects(async () => (await world.start()).awaitTermination(), (error) => {
    match(String(error), new RegExp(`Cannot go on reading topic "${world.name}": found topic id`));
    match(String(error), /deleted and made anew/);
    return true;
  });
  equal((await postgresTradeIds(world.databaseUrl, world.name)).length, 300);
});

Deno.test("retention that ate the offsets of a planned batch stops the query, and the error says so", async () => {
  await using world = await prepare();
  await produceLedger(world.brokers, world.name, 300, 1_000);
  onFailpoint((name) => {
    if (name === "planned") throw new Error("crash after the plan");
  });
  try {
    await rejects(async () => (await world.start()).awaitTermination(), /crash after the plan/);
  } finally {
    onFailpoint(undefined);
  }
  await deleteAllRecords(world.brokers, world.name);
  await rejects(async () => (await world.start()).awaitTermination(), (error) => {
    match(String(error), new RegExp(`${world.name}-\\d`));
    match(String(error), /Retention or deleteRecords removed records/);
    return true;
  });
  equal((await postgresTradeIds(world.databaseUrl, world.name)).length, 0);
});

Deno.test("a Postgres table that was dropped under a query does not come back empty in silence", async () => {
  await using world = await prepare();
  await produceLedger(world.brokers, world.name, 300, 1_000);
  await (await world.start()).awaitTermination();
  await withSql(world.databaseUrl, (sql) => sql`drop table ${sql(world.name)}`);
  for (let start = 0; start < 2; start++) {
    await rejects(world.start(), (error) => {
      match(String(error), new RegExp(`"${world.name}".*found no such table`));
      return true;
    });
  }
});

async function deleteAllRecords(brokers: readonly string[], topic: string): Promise<void> {
  await withForeignAdmin({ brokers }, async (admin) => {
    const partitions = (await admin.fetchTopicOffsets(topic))
      .filter(({ high }) => high !== "0")
      .map(({ partition, high }) => ({ partition, offset: high }));
    await admin.deleteTopicRecords({ topic, partitions });
  });
}

interface World extends AsyncDisposable {
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  readonly name: string;
  start(): Promise<StreamingQuery>;
}

async function prepare(): Promise<World> {
  const { kafkaBrokers: brokers, databaseUrl } = await testStack();
  const folder = await tempFolder();
  const name = `loss_${crypto.randomUUID().slice(0, 8)}`;
  return {
    brokers,
    databaseUrl,
    name,
    start: () =>
      multisink({
        source: kafka({ brokers, topic: name }),
        databaseUrl,
        table: name,
        lakePath: `${folder.path}/lake`,
      }, { checkpointLocation: `${folder.path}/checkpoint`, trigger: { availableNow: true } }),
    async [Symbol.asyncDispose]() {
      await removeLedger(brokers, databaseUrl, [name], name);
      await folder[Symbol.asyncDispose]();
    },
  };
}
