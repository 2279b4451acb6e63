import { deepEqual, equal, rejects } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { type Action, commitTransaction, memoryLogStore } from "../../../lib/delta/mod.ts";
import { checkpointTable } from "../../../lib/delta/commands/maintain/checkpoint_table.ts";
import { vacuumTable } from "../../../lib/delta/commands/maintain/vacuum_table.ts";
import { commitName } from "../../../lib/delta/log/log_files.ts";
import type { LogStore } from "../../../lib/delta/log/log_store.ts";
import { formatActions } from "../../../lib/delta/protocol/actions.ts";
import { formatSchema } from "../../../lib/delta/protocol/schema_json.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { type Plan, runOperation } from "../../../lib/delta/transactions/run_operation.ts";
import { interrupted } from "../../support/log_store_faults.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const add = (path: string): Action => ({
  add: { path, partitionValues: {}, size: 1, modificationTime: 0, dataChange: true },
});
const remove = (path: string): Action => ({ remove: { path, dataChange: true } });

/** A table of one file, `a`, whose data nobody reads. */
async function tableOf(store: LogStore, path = "/nowhere"): Promise<TableState> {
  const { snapshot } = await commitTransaction(store, undefined, {
    txnId: "first",
    operation: "CREATE TABLE",
    operationParameters: {},
    newTable: {
      protocol: { minReaderVersion: 1, minWriterVersion: 2 },
      metaData: {
        id: "table-1",
        format: { provider: "parquet", options: {} },
        schemaString: formatSchema(s.struct({ id: s.long() })),
        partitionColumns: [],
        configuration: {},
      },
    },
    actions: [add("a")],
    reads: { kind: "nothing" },
  });
  return new TableState(path, store, snapshot);
}

/** Replaces every file of the table by one. */
function replaceAll(
  files: Iterable<{ path: string }>,
  by: string,
  discarded: string[],
): Plan<string> {
  const paths = Array.from(files, ({ path }) => path);
  return {
    transaction: {
      operation: "WRITE",
      operationParameters: {},
      actions: [...paths.map(remove), add(by)],
      reads: { kind: "files", paths: new Set(paths), wouldRead: () => true },
    },
    result: (version) => `${by} replaced ${paths.join()} in version ${version}`,
    discard: () => Promise.resolve(void discarded.push(by)),
  };
}

Deno.test("an operation that another commit overtakes forgets its files and is planned anew", async () => {
  const memory = memoryLogStore();
  await tableOf(memory);
  let overtaken = false;
  const store = interrupted(memory, {
    async before(name) {
      if (name !== commitName(1) || overtaken) return;
      overtaken = true;
      await memory.putIfAbsent(name, formatActions([remove("a"), add("b")]));
    },
  });
  const state = await TableState.open("/nowhere", { store });
  const discarded: string[] = [];
  let tries = 0;

  const result = await runOperation(
    state,
    (snapshot) => Promise.resolve(replaceAll(snapshot.files(), `c${++tries}`, discarded)),
  );

  equal(result, "c2 replaced b in version 2");
  deepEqual(discarded, ["c1"]);
  deepEqual([...state.snapshot.files()].map(({ path }) => path), ["c2"]);
});

Deno.test("operations of one state that are started at once do not overlook each other", async () => {
  const state = await tableOf(memoryLogStore());
  const discarded: string[] = [];

  const results = await Promise.all(
    ["b", "c", "d"].map((by) =>
      runOperation(state, async (snapshot) => {
        const plan = replaceAll(snapshot.files(), by, discarded);
        await Promise.resolve();
        return plan;
      })
    ),
  );

  deepEqual(results, [
    "b replaced a in version 1",
    "c replaced b in version 2",
    "d replaced c in version 3",
  ]);
  deepEqual(discarded, []);
});

for (
  const [name, run] of Object.entries({
    "a checkpoint": (state: TableState) => checkpointTable(state),
    "a vacuum": (state: TableState) => vacuumTable(state, { dryRun: true }),
  })
) {
  Deno.test(`${name} does not make an operation of the same state overlook a commit`, async () => {
    await using folder = await tempFolder();
    const store = memoryLogStore();
    const state = await tableOf(store, folder.path);
    const beside: Promise<unknown>[] = [];
    const discarded: string[] = [];

    const result = await runOperation(state, async (snapshot) => {
      const plan = replaceAll(snapshot.files(), "c", discarded);
      if (beside.length > 0) return plan;
      await store.putIfAbsent(commitName(1), formatActions([remove("a"), add("b")]));
      beside.push(run(state));
      // It reads memory only, so that after one turn of the event loop it has read all it would.
      await new Promise((resolve) => setTimeout(resolve));
      return plan;
    });
    await Promise.all(beside);

    equal(result, "c replaced b in version 2");
    deepEqual(discarded, ["c"]);
  });
}

Deno.test("an operation that fails to commit leaves none of its files, and the next one runs", async () => {
  const memory = memoryLogStore();
  await tableOf(memory);
  let broken = true;
  const store = interrupted(memory, {
    before() {
      if (broken) throw new Deno.errors.PermissionDenied("the disk is read-only");
    },
  });
  const state = await TableState.open("/nowhere", { store });
  const discarded: string[] = [];
  const run = (by: string) =>
    runOperation(
      state,
      (snapshot) => Promise.resolve(replaceAll(snapshot.files(), by, discarded)),
    );

  await rejects(run("b"), { code: "DELTA_STORAGE", retryable: false });
  broken = false;

  deepEqual(discarded, ["b"]);
  equal(await run("c"), "c replaced a in version 1");
});

Deno.test("an operation that finds nothing to do commits nothing", async () => {
  const state = await tableOf(memoryLogStore());

  equal(await runOperation(state, () => Promise.resolve({ nothingToDo: 7 })), 7);

  equal(state.snapshot.version, 0);
  deepEqual(await state.store.list(), [commitName(0)]);
});

Deno.test("an operation that always comes second gives up and says who came first", async () => {
  const memory = memoryLogStore();
  await tableOf(memory);
  const store = interrupted(memory, {
    async before(name) {
      await memory.putIfAbsent(name, formatActions([add(`before ${name}`)]));
    },
  });
  const state = await TableState.open("/nowhere", { store });
  const discarded: string[] = [];

  await rejects(
    runOperation(
      state,
      (snapshot) => Promise.resolve(replaceAll(snapshot.files(), "x", discarded)),
      5,
    ),
    { code: "CONCURRENT_WRITES", retryable: true, message: /ConcurrentAppend: version 5/ },
  );

  equal(discarded.length, 5);
});
