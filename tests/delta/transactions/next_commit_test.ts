import { deepEqual, equal, ok, rejects } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import {
  type Action,
  commitTransaction,
  type LogStore,
  memoryLogStore,
  type Snapshot,
  type Transaction,
} from "../../../lib/delta/mod.ts";
import { commitName } from "../../../lib/delta/log/log_files.ts";
import { writeCheckpoint } from "../../../lib/delta/log/write_checkpoint.ts";
import { formatActions, parseActions } from "../../../lib/delta/protocol/actions.ts";
import { formatSchema } from "../../../lib/delta/protocol/schema_json.ts";

const features = ["inCommitTimestamp", "rowTracking", "domainMetadata"];
const protocol = { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: features };

function metaData(configuration: Record<string, string>) {
  return {
    id: "table-1",
    format: { provider: "parquet", options: {} },
    schemaString: formatSchema(s.struct({ id: s.long() })),
    partitionColumns: [],
    configuration,
  };
}

function append(path: string, numRecords: number): Action {
  return {
    add: {
      path,
      partitionValues: {},
      size: 1,
      modificationTime: 0,
      dataChange: true,
      stats: JSON.stringify({ numRecords }),
    },
  };
}

function transaction(actions: Action[], options: Partial<Transaction> = {}): Transaction {
  return {
    txnId: crypto.randomUUID(),
    operation: "WRITE",
    operationParameters: {},
    actions,
    reads: { kind: "nothing" },
    recheck: () => {},
    ...options,
  };
}

async function create(store: LogStore, configuration: Record<string, string>): Promise<Snapshot> {
  const newTable = { protocol, metaData: metaData(configuration) };
  return (await commitTransaction(store, undefined, transaction([], { newTable }))).snapshot;
}

async function commitAt(store: LogStore, version: number): Promise<Action[]> {
  return parseActions((await store.read(commitName(version)))!, "");
}

Deno.test("in-commit timestamps come first in a commit and grow even if the clock goes back", async () => {
  const store = memoryLogStore();
  const future = Date.now() + 3_600_000;
  let snapshot = await create(store, { "delta.enableInCommitTimestamps": "true" });
  snapshot.apply({ version: 1, actions: [{ commitInfo: { inCommitTimestamp: future } }] });
  await store.putIfAbsent(
    commitName(1),
    formatActions([{ commitInfo: { inCommitTimestamp: future } }]),
  );

  ({ snapshot } = await commitTransaction(store, snapshot, transaction([append("a", 1)])));
  ({ snapshot } = await commitTransaction(store, snapshot, transaction([append("b", 1)])));

  ok((await commitAt(store, 0))[0]?.commitInfo?.inCommitTimestamp! <= Date.now());
  equal((await commitAt(store, 2))[0]?.commitInfo?.inCommitTimestamp, future + 1);
  equal((await commitAt(store, 3))[0]?.commitInfo?.inCommitTimestamp, future + 2);
  const { configuration } = snapshot.metadata;
  deepEqual(configuration, { "delta.enableInCommitTimestamps": "true" });
});

Deno.test("a table that turns in-commit timestamps on notes from when, also behind another commit", async () => {
  const store = memoryLogStore();
  const stale = await create(store, {});
  await store.putIfAbsent(commitName(1), formatActions([append("x", 1)]));
  const turnOn = metaData({ "delta.enableInCommitTimestamps": "true" });

  const outcome = await commitTransaction(store, stale, transaction([{ metaData: turnOn }]));

  equal(outcome.status === "committed" && outcome.version, 2);
  const [info] = await commitAt(store, 2);
  deepEqual(outcome.snapshot.metadata.configuration, {
    "delta.enableInCommitTimestamps": "true",
    "delta.inCommitTimestampEnablementVersion": "2",
    "delta.inCommitTimestampEnablementTimestamp": String(info?.commitInfo?.inCommitTimestamp),
  });
});

Deno.test("properties that are true are so in any case", async () => {
  const store = memoryLogStore();
  const snapshot = await create(store, {
    "delta.enableInCommitTimestamps": "TRUE",
    "delta.rowTrackingSuspended": "True",
  });

  await commitTransaction(store, snapshot, transaction([append("a", 1)]));

  const [info, ...others] = await commitAt(store, 1);
  ok((info?.commitInfo?.inCommitTimestamp ?? 0) > 0);
  deepEqual(others, [append("a", 1)]);
});

Deno.test("a commit behind one without its in-commit timestamp is refused", async () => {
  const store = memoryLogStore();
  const snapshot = await create(store, { "delta.enableInCommitTimestamps": "true" });
  const strange = { version: 1, actions: [{ commitInfo: { operation: "WRITE" } }] };
  await store.putIfAbsent(commitName(1), formatActions(strange.actions));
  snapshot.apply(strange);

  await rejects(commitTransaction(store, snapshot, transaction([append("a", 1)])), {
    code: "CORRUPT_LOG",
  });
});

Deno.test("rows get ids behind the highest ever given, anew behind a commit that came first", async () => {
  const store = memoryLogStore();
  let snapshot = await create(store, { "delta.enableRowTracking": "true" });
  ({ snapshot } = await commitTransaction(
    store,
    snapshot,
    transaction([append("a", 3), append("b", 2)]),
  ));
  await writeCheckpoint(store, snapshot, 0);
  const mark = JSON.stringify({ rowIdHighWaterMark: 9 });
  await store.putIfAbsent(
    commitName(2),
    formatActions([{
      domainMetadata: { domain: "delta.rowTracking", configuration: mark, removed: false },
    }]),
  );

  ({ snapshot } = await commitTransaction(store, snapshot, transaction([append("c", 4)])));

  const ids = [...snapshot.files()]
    .map((file) => [file.path, file.baseRowId, file.defaultRowCommitVersion]);
  deepEqual(ids, [["a", 0, 1], ["b", 3, 1], ["c", 10, 3]]);
  deepEqual([...snapshot.domains()].map(({ configuration }) => JSON.parse(configuration)), [
    { rowIdHighWaterMark: 13 },
  ]);
});

Deno.test("a commit that moves rows to other files says that their ids are lost; a deletion does not", async () => {
  const store = memoryLogStore();
  let snapshot = await create(store, { "delta.enableRowTracking": "true" });
  ({ snapshot } = await commitTransaction(
    store,
    snapshot,
    transaction([append("a", 3), append("b", 2)]),
  ));
  const reads = { kind: "files", paths: new Set<string>(), wouldRead: () => true } as const;
  const remove = (path: string) => ({ remove: { path, dataChange: true } });

  ({ snapshot } = await commitTransaction(store, snapshot, transaction([remove("a")], { reads })));
  await commitTransaction(store, snapshot, transaction([remove("b"), append("c", 1)], { reads }));

  equal((await commitAt(store, 2))[0]?.commitInfo?.tags, undefined);
  deepEqual((await commitAt(store, 3))[0]?.commitInfo?.tags, {
    "delta.rowTracking.preserved": "false",
  });
});

Deno.test("rows cannot leave a table that only grows, but can be arranged anew", async () => {
  const store = memoryLogStore();
  let snapshot = await create(store, { "delta.appendOnly": "true" });
  ({ snapshot } = await commitTransaction(store, snapshot, transaction([append("a", 3)])));
  const remove = (dataChange: boolean) => transaction([{ remove: { path: "a", dataChange } }]);

  await rejects(commitTransaction(store, snapshot, remove(true)), { code: "APPEND_ONLY" });
  equal((await commitTransaction(store, snapshot, remove(false))).status, "committed");
});
