// A process that has the state open: `state_child.ts <path> hold` says "open" and waits, and
// `state_child.ts <path> run [<failpoint> <batchId>]` writes batch after batch, says "<batchId>" behind
// each commit, and kills itself where it is told to.
import { onFailpoint } from "../../lib/core/mod.ts";
import { StateStore } from "../../lib/state/mod.ts";
import { writeBatch } from "./ledger.ts";

const [path, action, failpoint, lastBatchId] = Deno.args;
const store = await StateStore.open({ path: path! });
if (action === "hold") {
  say("open");
  await new Promise((done) => setTimeout(done, 600_000));
}
const ledger = store.operator("0", "ledger").table("ledger");
let batchId = store.batchId + 1;
const killAt = (name: string) => {
  if (name === failpoint && batchId === Number(lastBatchId)) Deno.kill(Deno.pid, "SIGKILL");
};
onFailpoint(killAt);
for (;; batchId++) {
  store.begin(batchId);
  for (const step of writeBatch(ledger, batchId)) if (step === 1500) killAt("half");
  await store.commit({ batchId });
  say(String(batchId));
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
