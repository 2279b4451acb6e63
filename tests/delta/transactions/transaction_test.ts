import { deepEqual, equal, ok, rejects } from "assert";
import { schema as s, SluiceError } from "../../../lib/core/mod.ts";
import { type Action, formatActions, parseActions } from "../../../lib/delta/protocol/actions.ts";
import { writeCheckpoint } from "../../../lib/delta/log/write_checkpoint.ts";
import { checkpointName, commitName } from "../../../lib/delta/log/log_files.ts";
import {
  type AppendTransaction,
  commitAppend,
  loadSnapshot,
  type LogStore,
  memoryLogStore,
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
  options: Partial<AppendTransaction> = {},
): AppendTransaction {
  return {
    commitInfo: { txnId: `${appId}/${version}`, isBlindAppend: true },
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

async function paths(store: LogStore): Promise<string[]> {
  return [...(await loadSnapshot(store))!.files()].map(({ path }) => path);
}

Deno.test("commitAppend() makes a table with its first commit and goes on from there", async () => {
  const store = memoryLogStore();

  const first = await commitAppend(store, undefined, append("a", 0));
  const second = await commitAppend(store, first.snapshot, append("a", 1));

  equal(first.status === "committed" && first.version, 0);
  equal(second.status === "committed" && second.version, 1);
  const kinds = parseActions((await store.read(commitName(0)))!, "").map((a) => Object.keys(a)[0]);
  deepEqual(kinds, ["commitInfo", "protocol", "metaData", "txn", "add"]);
  const [info] = parseActions((await store.read(commitName(1)))!, "");
  equal(info?.commitInfo?.readVersion, 0);
});

Deno.test("commitAppend() goes behind the appends that came first", async () => {
  const store = memoryLogStore();
  await commitAppend(store, undefined, append("a", 0));
  const stale = await loadSnapshot(store);
  for (let i = 0; i < 3; i++) {
    await commitAppend(store, await loadSnapshot(store), append("other", i));
  }

  const outcome = await commitAppend(store, stale, append("a", 1));

  equal(outcome.status === "committed" && outcome.version, 4);
  equal(outcome.snapshot.numFiles, 5);
  deepEqual(await paths(store), [...outcome.snapshot.files()].map(({ path }) => path));
});

Deno.test("commitAppend(), of many at once, lands each exactly once without a gap", async () => {
  const store = memoryLogStore();

  const outcomes = await Promise.all(
    Array.from({ length: 30 }, (_, i) => commitAppend(store, undefined, append(`app-${i}`, 0))),
  );

  const versions = outcomes.map((outcome) => outcome.status === "committed" ? outcome.version : -1);
  deepEqual(versions.sort((a, b) => a - b), Array.from({ length: 30 }, (_, i) => i));
  equal((await paths(store)).length, 30);
  equal((await loadSnapshot(store))!.metadata.id, "table-1");
});

Deno.test("commitAppend() finds that another process has committed the same txn", async () => {
  const store = memoryLogStore();
  await commitAppend(store, undefined, append("a", 0));
  const stale = await loadSnapshot(store);
  await commitAppend(store, await loadSnapshot(store), append("a", 1));
  const late = append("a", 1, { commitInfo: { txnId: "another run" } });

  const outcome = await commitAppend(store, stale, late);

  equal(outcome.status, "alreadyCommitted");
  equal((await paths(store)).length, 2);
});

Deno.test("commitAppend(), of two that create the table with the same txn, lets one", async () => {
  const store = memoryLogStore();
  await commitAppend(store, undefined, append("a", 0));

  const outcome = await commitAppend(
    store,
    undefined,
    append("a", 0, { commitInfo: { txnId: "another run" } }),
  );

  equal(outcome.status, "alreadyCommitted");
  equal((await paths(store)).length, 1);
});

Deno.test("commitAppend() knows its own commit again when the answer was lost", async () => {
  const store = memoryLogStore();
  const lossy = interrupted(store, {
    after() {
      throw new Deno.errors.ConnectionReset("the answer is lost");
    },
  });

  const first = await commitAppend(lossy, undefined, append("a", 0));
  const second = await commitAppend(lossy, first.snapshot, append("a", 1));

  equal(first.status === "committed" && first.version, 0);
  equal(second.status === "committed" && second.version, 1);
  deepEqual(await paths(store), ["a-0.parquet", "a-1.parquet"]);
});

Deno.test("commitAppend() knows its own commit again by its id alone", async () => {
  // Nothing else gives it away: no txn, and no commit before it that a reader could start from.
  const { actions: [, add], ...rest } = append("a", 1);
  const full = memoryLogStore();
  const { snapshot } = await commitAppend(full, undefined, append("a", 0));
  await writeCheckpoint(full, snapshot, 0);
  const store = memoryLogStore();
  await store.write(checkpointName(0), (await full.read(checkpointName(0)))!);
  const lossy = interrupted(store, {
    after() {
      throw new Deno.errors.ConnectionReset("the answer is lost");
    },
  });

  const outcome = await commitAppend(lossy, snapshot, { ...rest, actions: [add!] });

  equal(outcome.status === "committed" && outcome.version, 1);
  deepEqual(await paths(store), ["a-0.parquet", "a-1.parquet"]);
});

Deno.test("commitAppend() goes behind another's commit when its own write failed", async () => {
  const store = memoryLogStore();
  await commitAppend(store, undefined, append("a", 0));
  let failures = 1;
  const failing = interrupted(store, {
    async before(name) {
      if (failures-- <= 0) return;
      await store.putIfAbsent(name, formatActions([{ commitInfo: { txnId: "b" } }]));
      throw new Deno.errors.ConnectionReset("no answer");
    },
  });

  const outcome = await commitAppend(failing, await loadSnapshot(store), append("a", 1));

  equal(outcome.status === "committed" && outcome.version, 2);
});

Deno.test("commitAppend() says that nothing landed when the write failed", async () => {
  const store = memoryLogStore();
  const broken = interrupted(store, {
    before() {
      throw new Deno.errors.ConnectionReset("no disk");
    },
  });

  await rejects(commitAppend(broken, undefined, append("a", 0)), {
    code: "DELTA_STORAGE",
    retryable: true,
  });

  deepEqual(await store.list(), []);
});

Deno.test("commitAppend() says that it cannot know when neither write nor read has an answer", async () => {
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

  await rejects(commitAppend(flaky, undefined, append("a", 0)), {
    code: "COMMIT_UNKNOWN",
    retryable: true,
  });

  const again = await commitAppend(store, undefined, append("a", 0));
  equal(again.status === "committed" && again.version, 0);
  deepEqual(await paths(store), ["a-0.parquet"]);
});

Deno.test("commitAppend() looks again whether the rows fit when the table has changed", async () => {
  const store = memoryLogStore();
  await commitAppend(store, undefined, append("a", 0));
  const stale = await loadSnapshot(store);
  await put(store, 1, [{ metaData: { ...newTable.metaData, configuration: { x: "y" } } }]);
  const seen: string[] = [];
  const transaction = append("a", 1, {
    recheck: ({ metadata }) => void seen.push(JSON.stringify(metadata.configuration)),
  });

  const outcome = await commitAppend(store, stale, transaction);

  deepEqual(seen, ['{"x":"y"}']);
  equal(outcome.status === "committed" && outcome.version, 2);
});

Deno.test("commitAppend() writes nothing when the rows do not fit any more", async () => {
  const store = memoryLogStore();
  await commitAppend(store, undefined, append("a", 0));
  const stale = await loadSnapshot(store);
  await put(store, 1, [{ metaData: newTable.metaData }]);
  const transaction = append("a", 1, {
    recheck() {
      throw new SluiceError("SCHEMA_MISMATCH", { attempted: "write" });
    },
  });

  await rejects(commitAppend(store, stale, transaction), { code: "SCHEMA_MISMATCH" });

  equal((await store.list()).length, 2);
});

Deno.test("commitAppend() stops at a winner that nobody here can read behind", async () => {
  const store = memoryLogStore();
  await commitAppend(store, undefined, append("a", 0));
  const stale = await loadSnapshot(store);
  const readerFeatures = ["deletionVectors"];
  await put(store, 1, [{
    protocol: {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures,
      writerFeatures: readerFeatures,
    },
  }]);

  await rejects(
    commitAppend(store, stale, append("a", 1)),
    (error: SluiceError) =>
      error.code === "UNSUPPORTED_FEATURE" && error.message.includes('"deletionVectors"'),
  );
  ok(!(await store.list()).includes(commitName(2)));
});
