// All maintenance of a table, run by the fault tests in a process of its own:
// `maintenance_child.ts <table> [<failpoint> <hit>]` kills itself where it is told to.
import { onFailpoint } from "../../lib/core/mod.ts";
import { checkpointTable } from "../../lib/delta/commands/maintain/checkpoint_table.ts";
import { optimizeTable } from "../../lib/delta/commands/maintain/optimize_table.ts";
import { vacuumTable } from "../../lib/delta/commands/maintain/vacuum_table.ts";
import { TableState } from "../../lib/delta/table_state.ts";

const [path, failpoint, hit] = Deno.args;
let hits = 0;
onFailpoint((name) => {
  if (name === failpoint && ++hits === Number(hit)) Deno.kill(Deno.pid, "SIGKILL");
});

const table = await TableState.open(path!);
await optimizeTable(table);
await checkpointTable(table);
await vacuumTable(table, { retentionHours: 0, enforceRetention: false });
