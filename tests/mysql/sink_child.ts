/**
 * `sink_child.ts <mode> <failpoint> <hit>`: a process of its own that writes batches to the table `t` of
 * MYSQL_URL and kills itself when it comes by a failpoint for the so manieth time.
 */
import {
  type CommitOutcome,
  onFailpoint,
  type OutputMode,
  schema as s,
  type SinkContext,
} from "../../lib/core/mod.ts";
import { mysql } from "../../lib/mysql/mod.ts";
import { rowsBatch } from "../postgres/test_database.ts";
import { sinkContext } from "../support/micro_batches.ts";

const Count = s.struct({ id: s.long(), count: s.long() });

/** How many batches there are. */
export const NUM_BATCHES = 4;

/** Opens the sink and writes all batches from the first on, as after a restart. */
export async function writeAll(url: string, mode: OutputMode): Promise<CommitOutcome[]> {
  const context: SinkContext = {
    ...sinkContext(Count),
    outputMode: mode,
    keyColumns: mode === "append" ? [] : ["id"],
  };
  const writer = await mysql({ table: "t", url }).open(context);
  const outcomes: CommitOutcome[] = [];
  for (let batchId = 0; batchId < NUM_BATCHES; batchId++) {
    const rows = [0, 1, 2].map((i) => ({ id: BigInt(batchId + i), count: BigInt(batchId) }));
    const gone = [{ id: BigInt(batchId - 1), count: 0n }];
    const batch = rowsBatch(batchId, Count, rows, {
      ...(mode === "update" ? { deletes: rowsBatch(0, Count, gone).batch } : {}),
      deadLetters: [{
        topic: "t",
        partition: 0,
        offset: BigInt(batchId),
        timestampMs: -1,
        key: null,
        value: null,
        headers: [],
        error: `bad ${batchId}`,
      }],
    });
    outcomes.push(await (await writer.stage(batch)).commit());
  }
  await writer.close();
  return outcomes;
}

if (import.meta.main) {
  const [mode, failpoint, hit] = Deno.args as [OutputMode, string, string];
  let hits = 0;
  onFailpoint((name) => {
    if (name === failpoint && ++hits === Number(hit)) Deno.kill(Deno.pid, "SIGKILL");
  });
  await writeAll(Deno.env.get("MYSQL_URL")!, mode);
}
