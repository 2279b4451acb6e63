import { deepEqual } from "assert";
import { deleteTopicIfPresent } from "../../lib/kafka/mod.ts";
import { testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { drainChanges } from "./drain_changes.ts";
import { produceOrders } from "./produce_orders.ts";

Deno.test("the copies that bench:cdc measures hold what the table holds", async () => {
  const { kafkaBrokers: brokers, databaseUrl } = await testStack();
  await using folder = await tempFolder();
  const topic = `bench_cdc_${crypto.randomUUID().slice(0, 8)}`;
  try {
    const history = { changes: 5_000, keys: 1_000, seed: 7 };
    const orders = await produceOrders(brokers, topic, `${folder.path}/orders.ndjson`, history);
    const targets = ["postgres", "delta"] as const;
    const { batches, changes } = await drainChanges("sluice", {
      brokers,
      databaseUrl,
      orders,
      targets,
      batchSize: 1_000,
    });
    deepEqual({ batches, changes }, { batches: 5, changes: 5_000 });
  } finally {
    await deleteTopicIfPresent({ brokers }, topic);
  }
});
