import { equal } from "assert";
import type { Action, AddFile } from "../../../lib/delta/protocol/actions.ts";
import {
  type Contender,
  type IsolationLevel,
  judgeWinner,
  type ReadSet,
} from "../../../lib/delta/transactions/conflict_rules.ts";

const add = (path: string, day = "1", dataChange = true): Action => ({
  add: { path, partitionValues: { day }, size: 1, modificationTime: 0, dataChange },
});
const remove = (path: string, dataChange = true): Action => ({ remove: { path, dataChange } });
const blind: Action = { commitInfo: { isBlindAppend: true } };
const metaData: Action = {
  metaData: {
    id: "1",
    format: { provider: "parquet", options: {} },
    schemaString: "{}",
    partitionColumns: ["day"],
    configuration: {},
  },
};
const protocol: Action = { protocol: { minReaderVersion: 1, minWriterVersion: 2 } };
const domain = (name: string): Action => ({
  domainMetadata: { domain: name, configuration: "", removed: false },
});

const nothing: ReadSet = { kind: "nothing" };
const reads = (paths: string[], wouldRead: (file: AddFile) => boolean): ReadSet => ({
  kind: "files",
  paths: new Set(paths),
  wouldRead,
});
const whole = reads(["a", "b"], () => true);
const dayOne = reads(["a"], ({ partitionValues }) => partitionValues.day === "1");

const append = (isolation: IsolationLevel = "Serializable"): Contender => ({
  actions: [add("new")],
  reads: nothing,
  isolation,
});
const erase = (isolation: IsolationLevel, read: ReadSet = dayOne): Contender => ({
  actions: [remove("a"), add("a2")],
  reads: read,
  isolation,
});

const cases: readonly [string, Contender, Action[], string][] = [
  ["an append and an append", append(), [blind, add("x")], "none"],
  ["an append and a delete", append(), [remove("a"), add("a3")], "none"],
  ["an append and an optimize", append(), [remove("a", false), add("z", "1", false)], "none"],
  ["an append and new metadata", append(), [metaData], "MetadataChanged"],
  ["an append and a new protocol", append(), [protocol], "ProtocolChanged"],
  ["a delete and an append to its partition", erase("Serializable"), [
    blind,
    add("x"),
  ], "ConcurrentAppend"],
  ["a delete and an append to another partition", erase("Serializable"), [
    blind,
    add("x", "2"),
  ], "none"],
  ["a delete under WriteSerializable and a blind append", erase("WriteSerializable"), [
    blind,
    add("x"),
  ], "none"],
  ["a delete under WriteSerializable and an append that read", erase("WriteSerializable"), [
    add("x"),
  ], "ConcurrentAppend"],
  [
    "a merge under WriteSerializable and a blind append of the same application",
    {
      actions: [{ txn: { appId: "q", version: 4 } }, remove("a"), add("a2")],
      reads: dayOne,
      isolation: "WriteSerializable",
    },
    [blind, { txn: { appId: "q", version: 3 } }, add("x")],
    "ConcurrentAppend",
  ],
  ["a delete and a delete of the file it read", erase("WriteSerializable"), [
    remove("a"),
  ], "ConcurrentDeleteRead"],
  ["a delete and a delete of another file", erase("Serializable"), [remove("b")], "none"],
  ["a delete of the whole table and any removal", erase("Serializable", whole), [
    remove("b"),
  ], "ConcurrentDeleteRead"],
  [
    "two removals of a file that none of them read",
    {
      ...append(),
      actions: [remove("a")],
    },
    [remove("a")],
    "ConcurrentDeleteDelete",
  ],
  ["an optimize and an append", erase("SnapshotIsolation"), [blind, add("x")], "none"],
  ["an optimize and an optimize of the same file", erase("SnapshotIsolation"), [
    remove("a", false),
    add("y", "1", false),
  ], "ConcurrentDeleteRead"],
  ["a delete and an optimize of its partition", erase("Serializable"), [
    remove("c", false),
    add("y", "1", false),
  ], "ConcurrentAppend"],
  [
    "new metadata under WriteSerializable and a blind append",
    {
      actions: [metaData],
      reads: whole,
      isolation: "WriteSerializable",
    },
    [blind, add("x")],
    "ConcurrentAppend",
  ],
  ["settings of the same domain", { ...append(), actions: [domain("d")] }, [
    domain("d"),
  ], "ConcurrentDomainMetadata"],
  ["settings of two domains", { ...append(), actions: [domain("d")] }, [domain("e")], "none"],
  ["row ids and row ids", { ...append(), actions: [domain("delta.rowTracking")] }, [
    domain("delta.rowTracking"),
  ], "none"],
  ["a txn and the same txn", { ...append(), actions: [{ txn: { appId: "q", version: 4 } }] }, [
    { txn: { appId: "q", version: 4 } },
  ], "alreadyCommitted"],
  ["a txn and an earlier one", { ...append(), actions: [{ txn: { appId: "q", version: 4 } }] }, [
    { txn: { appId: "q", version: 3 } },
  ], "none"],
  ["a txn and that of another", { ...append(), actions: [{ txn: { appId: "q", version: 4 } }] }, [
    { txn: { appId: "r", version: 9 } },
  ], "none"],
];

for (const [name, ours, winner, expected] of cases) {
  Deno.test(`judgeWinner() of ${name}: ${expected}`, () => {
    const judgement = judgeWinner(ours, { version: 3, actions: winner });
    const found = "conflict" in judgement ? judgement.conflict.kind : judgement.kind;
    equal(found, expected);
  });
}
