import { deepEqual, equal, ok } from "assert";
import { fileURLToPath } from "node:url";
import { StateStore } from "../../lib/state/mod.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { writeBatch } from "./ledger.ts";
import { TableModel } from "./table_model.ts";

const child = fileURLToPath(new URL("./state_child.ts", import.meta.url));

/** Where a process dies in batch 5, and the newest batch that must be there then. */
const STEPS = [
  ["half", 4],
  ["state:committing", 4],
  ["state:committed", 5],
] as const;

for (const [step, expected] of STEPS) {
  Deno.test(`killed at ${step} of batch 5, the state is exactly that of batch ${expected}`, async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/state.db`;
    const { signal, stderr } = await run(path, step, "5").output();
    equal(signal, "SIGKILL", new TextDecoder().decode(stderr));
    equal(await checkState(path), expected);
    // The next process goes on from there, and dies in the same way.
    equal((await run(path, step, "8").output()).signal, "SIGKILL");
    equal(await checkState(path), expected + 3);
  });
}

Deno.test("killed from outside at any moment, the state is that of the last batch or the one before", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/state.db`;
  let newest = -1;
  for (let round = 0; round < 4; round++) {
    const process = run(path).spawn();
    const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let said = newest;
    while (said < newest + 3 + round) {
      const { value } = await lines.read();
      ok(value !== undefined, "the process ended by itself");
      said = Number(value.trim().split("\n").at(-1));
    }
    process.kill("SIGKILL");
    for (let rest = await lines.read(); !rest.done; rest = await lines.read()) {
      said = Number(rest.value.trim().split("\n").at(-1));
    }
    await process.status;
    await process.stderr.cancel();
    newest = await checkState(path);
    ok(newest === said || newest === said + 1, `batch ${said} was said, ${newest} is there`);
  }
});

function run(path: string, ...fault: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", child, path, "run", ...fault],
    stdout: "piped",
    stderr: "piped",
  });
}

/** Compares the state with that of all batches up to the newest, which it returns. */
async function checkState(path: string): Promise<number> {
  using store = await StateStore.open({ path });
  const table = store.operator("0", "ledger").table("ledger");
  const model = new TableModel();
  for (let batchId = 0; batchId <= store.batchId; batchId++) {
    for (const _ of writeBatch(model, batchId));
  }
  deepEqual([...table.entries()], model.entries());
  deepEqual([...table.upTo(1000n)], model.upTo(1000n));
  equal(table.numRows, model.numRows);
  deepEqual(store.notes, { batchId: store.batchId });
  return store.batchId;
}
