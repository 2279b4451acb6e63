// Seeds are printed.
// deno-lint-ignore-file no-console
import { deepEqual, equal } from "assert";
import { fileURLToPath } from "node:url";
import { schema as s } from "../../lib/core/mod.ts";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { checkLog } from "../support/check_log.ts";
import type { LedgerEntry } from "../support/ledger_process.ts";
import { tempFolder } from "../support/temp_folder.ts";

const script = fileURLToPath(new URL("../support/ledger_process.ts", import.meta.url));
const WORKERS = 8;
/** Of each process. */
const COMMITS = Number(Deno.env.get("SLUICE_COMMITS") ?? 200);

async function work(path: string, worker: string, seed: number): Promise<LedgerEntry[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, path, worker, String(COMMITS), String(seed)],
  }).output();
  const decoder = new TextDecoder();
  equal(success, true, decoder.decode(stderr));
  return decoder.decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
}

for (const deletionVectors of ["false", "true"]) {
  const how = deletionVectors === "true" ? "with deletion vectors" : "by rewriting files";
  Deno.test(`${WORKERS} processes change a table at once ${how}: nothing is lost or done twice`, async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/table`;
    await DeltaTable.create(path, {
      schema: s.struct({ worker: s.string(), id: s.long() }),
      properties: { "delta.enableDeletionVectors": deletionVectors },
    });
    const seed = Number(Deno.env.get("SLUICE_SEED") ?? Date.now() % 1_000_000);
    console.log(`SLUICE_SEED=${seed}`);

    const workers = Array.from({ length: WORKERS }, (_, i) => `w${i}`);
    const ledgers = await Promise.all(workers.map((worker, i) => work(path, worker, seed + i)));

    const table = await DeltaTable.open(path);
    const versions = ledgers.flat().flatMap(({ version }) => version ?? []).sort((a, b) => a - b);
    deepEqual(versions, Array.from({ length: table.version }, (_, i) => i + 1));
    const inTable = (await Array.fromAsync(table.rows())).map(({ worker, id }) =>
      `${worker} ${id}`
    );
    const wanted = workers.flatMap((worker, i) => {
      const ids = new Set(ledgers[i]!.flatMap(({ appended }) => appended));
      for (const { deleted } of ledgers[i]!) for (const id of deleted) ids.delete(id);
      return [...ids].map((id) => `${worker} ${id}`);
    });
    deepEqual(inTable.sort(), wanted.sort());
    for (const { operation, version } of ledgers.flat()) {
      equal(version === undefined && operation !== "optimize", false, `a ${operation} did nothing`);
    }
    deepEqual(await checkLog(path), []);
  });
}
