/**
 * `append_process.ts <table> <query id> <batches>`: a process of its own that appends batches of
 * three rows each, for races.
 */
import { Batch, schema as s } from "../../lib/core/mod.ts";
import { delta } from "../../lib/delta/mod.ts";
import { commitBatch, sinkContext } from "./micro_batches.ts";

const [path, queryId, batches] = Deno.args as [string, string, string];
const schema = s.struct({ query: s.string(), id: s.long() });
const writer = await delta({ path, partitionBy: ["query"] }).open(sinkContext(schema, queryId));
for (let batchId = 0; batchId < Number(batches); batchId++) {
  const batch = new Batch(schema);
  for (let i = 0; i < 3; i++) batch.append({ query: queryId, id: BigInt(batchId * 3 + i) });
  await commitBatch(writer, batchId, batch);
}
await writer.close();
