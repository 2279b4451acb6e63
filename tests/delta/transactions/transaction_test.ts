import { deepEqual, equal, ok, rejects } from "assert";
import { schema as s, SluiceError } from "../../../lib/core/mod.ts";
import { type Action, formatActions, parseActions } from "../../../lib/delta/protocol/actions.ts";
import { writeCheckpoint } from "../../../lib/delta/log/write_checkpoint.ts";
import { checkpointName, commitName } from "../../../lib/delta/log/log_files.ts";
import {
  commitTransaction,
  loadSnapshot,
  type LogStore,
  memoryLogStore,
  type Transaction,
} from "../../../lib/delta/mod.ts";
import { formatSchema } from "../../../lib/delta/protocol/schema_json.ts";
import { interrupted } from "../../support/log_store_faults.ts";

const newTable = {
  protocol: { minReaderVersion: 1, minWriterVersion: 2 },
  metaData: {
    id: "table-1",
    format: { provider: "parquet", options: {} },
    schemaString: formatSchema(s.struct({ id: s.long() })),
    partitionColumns: [],
    configuration: {},
  },
};

function append(
  appId: string,
  version: number,
  options: Partial<Transaction> = {},
): Transaction {
  return {
    txnId: `${appId}/${version}`,
    operation: "STREAMING UPDATE",
    operationParameters: {},
    reads: { kind: "nothing" },
    newTable,
    actions: [
      { txn: { appId, version } },
      {
        add: {
          path: `${appId}-${version}.parquet`,
          partitionValues: {},
          size: 1,
          modificationTime: 0,
          dataChange: true,
        },
      },
    ],
    recheck: () => {},
    ...options,
  };
}

async function put(store: LogStore, version: number, actions: Action[]): Promise<void> {
  equal(await store.putIfAbsent(commitName(version), formatActions(actions)), "created");
}

/** A store that loses the answer to each write, and writes again by itself. */
function triedTwice(store: LogStore): LogStore {
  return {
    ...store,
    async putIfAbsent(name, contents) {
      await store.putIfAbsent(name, contents);
      return await store.putIfAbsent(name, contents);
    },
  };
}

async function paths(store: LogStore): Promise<string[]> {
  return [...(await loadSnapshot(store))!.files()].map(({ path }) => path);
}

Deno.test("commitTransaction() makes a table with its first commit and goes on from there", async () => {
  const store = memoryLogStore();

  const first = await commitTransaction(store, undefined, append("a", 0));
  const second = await commitTransaction(store, first.snapshot, append("a", 1));

  equal(first.status === "committed" && first.version, 0);
  equal(second.status === "committed" && second.version, 1);
  const kinds = parseActions((await store.read(commitName(0)))!, "").map((a) => Object.keys(a)[0]);
  deepEqual(kinds, ["commitInfo", "protocol", "metaData", "txn", "add"]);
  const [info] = parseActions((await store.read(commitName(1)))!, "");
  equal(info?.commitInfo?.readVersion, 0);
});

Deno.test("commitTransaction() goes behind the appends that came first", async () => {
  const store = memoryLogStore();
  await commitTransaction(store, undefined, append("a", 0));
  const stale = await loadSnapshot(store);
  for (let i = 0; i < 3; i++) {
    await commitTransaction(store, await loadSnapshot(store), append("other", i));
  }

  const outcome = await commitTransaction(store, stale, append("a", 1));

  equal(outcome.status === "committed" && outcome.version, 4);
  equal(outcome.snapshot.numFiles, 5);
  deepEqual(await paths(store), [...outcome.snapshot.files()].map(({ path }) => path));
});

Deno.test("commitTransaction(), of many at once, lands each exactly once without a gap", async () => {
  const store = memoryLogStore();

  const outcomes = await Promise.all(
    Array.from(
      { length: 30 },
      (_, i) => commitTransaction(store, undefined, append(`app-${i}`, 0)),
    ),
  );

  const versions = outcomes.map((outcome) => outcome.status === "committed" ? outcome.version : -1);
  deepEqual(versions.sort((a, b) => a - b), Array.from({ length: 30 }, (_, i) => i));
  equal((await paths(store)).length, 30);
  equal((await loadSnapshot(store))!.metadata.id, "table-1");
});

Deno.test("commitTransaction() finds that another process has committed the same txn", async () => {
  const store = memoryLogStore();
  await commitTransaction(store, undefined, append("a", 0));
  const stale = await loadSnapshot(store);
  await commitTransaction(store, await loadSnapshot(store), append("a", 1));
  const late = append("a", 1, { txnId: "another run" });

  const outcome = await commitTransaction(store, stale, late);

  equal(outcome.status, "alreadyCommitted");
  equal((await paths(store)).length, 2);
});

Deno.test("commitTransaction(), of two that create the table with the same txn, lets one", async () => {
  const store = memoryLogStore();
  await commitTransaction(store, undefined, append("a", 0));

  const outcome = await commitTransaction(
    store,
    undefined,
    append("a", 0, { txnId: "another run" }),
  );

  equal(outcome.status, "alreadyCommitted");
  equal((await paths(store)).length, 1);
});

Deno.test("commitTransaction() knows its own commit again when the answer was lost", async () => {
  const store = memoryLogStore();
  const lossy = interrupted(store, {
    after() {
      throw new Deno.errors.ConnectionReset("the answer is lost");
    },
  });

  const first = await commitTransaction(lossy, undefined, append("a", 0));
  const second = await commitTransaction(lossy, first.snapshot, append("a", 1));

  equal(first.status === "committed" && first.version, 0);
  equal(second.status === "committed" && second.version, 1);
  deepEqual(await paths(store), ["a-0.parquet", "a-1.parquet"]);
});

Deno.test("commitTransaction() knows its own commit again by its id alone", async () => {
  // Nothing else gives it away: no txn, and no commit before it that a reader could start from.
  const { actions: [, add], ...rest } = append("a", 1);
  const full = memoryLogStore();
  const { snapshot } = await commitTransaction(full, undefined, append("a", 0));
  await writeCheckpoint(full, snapshot, 0);
  const store = memoryLogStore();
  await store.write(checkpointName(0), (await full.read(checkpointName(0)))!);
  const lossy = interrupted(store, {
    after() {
      throw new Deno.errors.ConnectionReset("the answer is lost");
    },
  });

  const outcome = await commitTransaction(lossy, snapshot, { ...rest, actions: [add!] });

  equal(outcome.status === "committed" && outcome.version, 1);
  deepEqual(await paths(store), ["a-0.parquet", "a-1.parquet"]);
});

Deno.test("commitTransaction() knows its own commit again when the store finds it there already", async () => {
  const store = memoryLogStore();
  const { snapshot } = await commitTransaction(store, undefined, append("a", 0));

  const outcome = await commitTransaction(triedTwice(store), snapshot, append("a", 1));

  equal(outcome.status, "committed");
  equal(outcome.snapshot.version, 1);
  deepEqual(await paths(store), ["a-0.parquet", "a-1.parquet"]);
});

Deno.test("commitTransaction() cannot know whose commit is there if the log cannot be read", async () => {
  const store = memoryLogStore();
  const { snapshot } = await commitTransaction(store, undefined, append("a", 0));
  const silent = interrupted(triedTwice(store), {
    beforeRead() {
      throw new Deno.errors.ConnectionReset("nobody there");
    },
  });

  await rejects(commitTransaction(silent, snapshot, append("a", 1)), {
    code: "COMMIT_UNKNOWN",
    retryable: true,
  });

  deepEqual(await paths(store), ["a-0.parquet", "a-1.parquet"]);
});

Deno.test("commitTransaction() goes behind another's commit when its own write failed", async () => {
  const store = memoryLogStore();
  await commitTransaction(store, undefined, append("a", 0));
  let failures = 1;
  const failing = interrupted(store, {
    async before(name) {
      if (failures-- <= 0) return;
      await store.putIfAbsent(name, formatActions([{ commitInfo: { txnId: "b" } }]));
      throw new Deno.errors.ConnectionReset("no answer");
    },
  });

  const outcome = await commitTransaction(failing, await loadSnapshot(store), append("a", 1));

  equal(outcome.status === "committed" && outcome.version, 2);
});

Deno.test("commitTransaction() says that nothing landed when the write failed", async () => {
  const store = memoryLogStore();
  const broken = interrupted(store, {
    before() {
      throw new Deno.errors.ConnectionReset("no disk");
    },
  });

  await rejects(commitTransaction(broken, undefined, append("a", 0)), {
    code: "DELTA_STORAGE",
    retryable: true,
  });

  deepEqual(await store.list(), []);
});

Deno.test("commitTransaction() says that it cannot know when neither write nor read has an answer", async () => {
  const store = memoryLogStore();
  let away = false;
  const flaky = interrupted(store, {
    after() {
      away = true;
      throw new Deno.errors.ConnectionReset("the answer is lost");
    },
    beforeRead() {
      if (away) throw new Deno.errors.ConnectionReset("nobody there");
    },
  });

  await rejects(commitTransaction(flaky, undefined, append("a", 0)), {
    code: "COMMIT_UNKNOWN",
    retryable: true,
  });

  const again = await commitTransaction(store, undefined, append("a", 0));
  equal(again.status === "committed" && again.version, 0);
  deepEqual(await paths(store), ["a-0.parquet"]);
});

Deno.test("commitTransaction() looks again whether the rows fit when the table has changed", async () => {
  const store = memoryLogStore();
  await commitTransaction(store, undefined, append("a", 0));
  const stale = await loadSnapshot(store);
  await put(store, 1, [{ metaData: { ...newTable.metaData, configuration: { x: "y" } } }]);
  const seen: string[] = [];
  const transaction = append("a", 1, {
    recheck: ({ metadata }) => void seen.push(JSON.stringify(metadata.configuration)),
  });

  const outcome = await commitTransaction(store, stale, transaction);

  deepEqual(seen, ['{"x":"y"}']);
  equal(outcome.status === "committed" && outcome.version, 2);
});

Deno.test("commitTransaction() writes nothing when the rows do not fit any more", async () => {
  const store = memoryLogStore();
  await commitTransaction(store, undefined, append("a", 0));
  const stale = await loadSnapshot(store);
  await put(store, 1, [{ metaData: newTable.metaData }]);
  const transaction = append("a", 1, {
    recheck() {
      throw new SluiceError("SCHEMA_MISMATCH", { attempted: "write" });
    },
  });

  await rejects(commitTransaction(store, stale, transaction), { code: "SCHEMA_MISMATCH" });

  equal((await store.list()).length, 2);
});

Deno.test("commitTransaction() stops at a winner that nobody here can read behind", async () => {
  const store = memoryLogStore();
  await commitTransaction(store, undefined, append("a", 0));
  const stale = await loadSnapshot(store);
  const readerFeatures = ["timeMachine"];
  await put(store, 1, [{
    protocol: {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures,
      writerFeatures: readerFeatures,
    },
  }]);

  await rejects(
    commitTransaction(store, stale, append("a", 1)),
    (error: SluiceError) =>
      error.code === "UNSUPPORTED_FEATURE" && error.message.includes('"timeMachine"'),
  );
  ok(!(await store.list()).includes(commitName(2)));
});
