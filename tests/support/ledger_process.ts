/**
 * `ledger_process.ts <table> <worker> <commits> <seed>`: a process of its own that appends to,
 * deletes from and optimizes a table that others change too, and prints what it has done as lines of
 * JSON.
 */
// deno-lint-ignore-file no-console
import { DeltaTable } from "../../lib/delta/mod.ts";
import { Random } from "./random.ts";

/** One operation of a worker, committed as a version or found to have nothing to do. */
export interface LedgerEntry {
  readonly operation: "append" | "delete" | "optimize";
  /** Absent where nothing was committed. */
  readonly version?: number;
  readonly appended: readonly number[];
  readonly deleted: readonly number[];
}

const ROWS_PER_APPEND = 3;

async function run(path: string, worker: string, commits: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const table = await DeltaTable.open(path);
  const alive: number[] = [];
  let next = 0;
  const record = (operation: LedgerEntry["operation"], more: Partial<LedgerEntry>) =>
    console.log(JSON.stringify({ operation, appended: [], deleted: [], ...more }));
  for (let done = 0; done < commits; done++) {
    const dice = random.next();
    if (dice < 0.1) {
      const { version } = await table.optimize({});
      record("optimize", version === undefined ? {} : { version });
    } else if (dice < 0.35 && alive.length > 0) {
      const deleted = alive.splice(random.integer(0, alive.length - 1), 1);
      const where = `worker = '${worker}' AND id = ${deleted[0]}`;
      const { version } = await table.delete({ where });
      record("delete", { ...(version === undefined ? {} : { version }), deleted });
    } else {
      const appended = Array.from({ length: ROWS_PER_APPEND }, () => next++);
      const { version } = await table.append(appended.map((id) => ({ worker, id: BigInt(id) })));
      alive.push(...appended);
      record("append", { ...(version === undefined ? {} : { version }), appended });
    }
  }
}

if (import.meta.main) {
  const [path, worker, commits, seed] = Deno.args as [string, string, string, string];
  await run(path, worker, Number(commits), Number(seed));
}
