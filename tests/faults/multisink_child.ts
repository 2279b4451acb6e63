// The pipeline `multisink`, run by the fault tests in a process of its own.
// deno-lint-ignore-file no-console
import { onFailpoint } from "../../lib/core/mod.ts";
import { kafka } from "sluice";
import { stopOnSignals } from "../../lib/cli/mod.ts";
import { multisink } from "../../pipelines/multisink.ts";
import { type Assignment, PAUSED } from "./multisink_process.ts";

const assignment: Assignment = JSON.parse(Deno.args[0]!);
const { brokers, topic, fault, maxOffsetsPerTrigger } = assignment;

let hits = 0;
if (fault !== undefined) {
  onFailpoint(async (name) => {
    if (name !== fault.failpoint || ++hits !== fault.hit) return;
    if (fault.action === "kill") Deno.kill(Deno.pid, "SIGKILL");
    console.log(PAUSED);
    await Deno.stdin.read(new Uint8Array(1));
  });
}

try {
  const query = await multisink({
    source: kafka({ brokers, topic, maxOffsetsPerTrigger }),
    databaseUrl: assignment.databaseUrl,
    table: assignment.table,
    lakePath: assignment.lakePath,
    deadLetters: { brokers, topic: assignment.deadLetterTopic },
  }, {
    checkpointLocation: assignment.checkpointLocation,
    trigger: { availableNow: true },
    listener: { onProgress: ({ batchId }) => console.log(`batch ${batchId}`) },
  });
  using _signals = stopOnSignals(() => void query.stop().catch(() => {}));
  await query.awaitTermination();
} catch (error) {
  console.error(error);
  Deno.exit(1);
}
