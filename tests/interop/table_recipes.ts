import { type Batch, Decimal, type Row, type Schema, schema as s } from "../../lib/core/mod.ts";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { EveryType, everyTypeBatch } from "../support/sample_rows.ts";

/** The other engines of the tests. */
export type EngineName = "delta-rs" | "duckdb" | "spark";

/** What can be asked of an engine. */
export type Operation =
  | "read"
  | "append"
  | "merge"
  | "delete"
  | "update"
  | "optimize"
  | "checkpoint"
  | "vacuum";

/** What an engine refuses to do with a table, and what it says; a test fails once it does it. */
export interface Refusal {
  readonly engine: EngineName;
  readonly operations: readonly Operation[];
  readonly says: RegExp;
}

/** What other engines cannot do with a table. */
export interface Limits {
  readonly refused?: readonly Refusal[];
  /** Engines that find other rows in it than are there, and why; a test fails once they do not. */
  readonly misread?: Partial<Record<EngineName, string>>;
}

/** A table of one feature after the other, made by us. */
export interface TableRecipe extends Limits {
  /** What is special in it. */
  readonly name: string;
  /** Makes the table in several versions. Its rows have an `id` each, of 64 bits, and none twice. */
  readonly make: (path: string) => Promise<void>;
}

/** The rows of most tables here. */
export const Reading = s.struct({
  id: s.long(),
  kind: s.string().nullable(),
  name: s.string().nullable(),
  count: s.integer().nullable(),
  amount: s.decimal(18, 4).nullable(),
  at: s.timestamp().nullable(),
});

/** A row of most tables here. */
export type ReadingRow = Row<typeof Reading>;

const KINDS = ["a", "b", "c d/é=%", null];

/** Texts that make folders whose names readers and writers might quote in different ways. */
const ODD_KINDS = ["é", "e\u0301", "日本 🙂", "x@y.z", "a&b", "$+,;", "!'()*~", "%20%C3%A9", "#?:="]
  .concat(['\\`{|}^<>[]"', "a\u00a0b", "\u2028", "\u0085\t\n", "..", " ", "ﬁ"]);

/** Rows with these ids. */
export function readings(firstId: number, rows: number): ReadingRow[] {
  return Array.from({ length: rows }, (_, i) => {
    const id = firstId + i;
    return {
      id: BigInt(id),
      kind: KINDS[id % 4]!,
      name: id % 7 === 0 ? null : `näme ${id}`,
      count: id % 5 === 0 ? null : id * 10,
      amount: new Decimal(BigInt(id) * 12_345n, 4),
      at: 1_704_067_200_000_001n + BigInt(id) * 1_000_000n,
    };
  });
}

interface CreateParts {
  readonly schema?: Schema;
  readonly partitionBy?: readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
}

async function create(path: string, parts: CreateParts = {}): Promise<DeltaTable> {
  return await DeltaTable.create(path, { schema: Reading, ...parts });
}

/** Every kind of change of rows, a version each. */
async function changeRows(table: DeltaTable): Promise<void> {
  await table.append(readings(0, 40));
  await table.append(readings(40, 40));
  await table.delete({ where: "id % 10 = 3" });
  await table.update({ set: { name: "concat(name, '!')", count: "count + 1" }, where: "id < 20" });
  await table.update({ set: { kind: "'b'" }, where: "id = 44" });
  await table.merge(readings(70, 20).map((row) => ({ ...row, name: "merged" })), {
    on: "target.id = source.id",
  }).whenMatchedUpdateAll().whenNotMatchedInsertAll().execute();
  await table.delete({ where: "kind IS NULL" });
}

function rowChanges(
  name: string,
  properties: Record<string, string>,
  partitionBy: string[] = [],
  limits: Limits = {},
): TableRecipe {
  return {
    name,
    make: async (path) => await changeRows(await create(path, { properties, partitionBy })),
    ...limits,
  };
}

const NULL_PARTITIONS = {
  duckdb: "it looks for partition values by the names that columns have for people",
};
const WRITES: readonly Operation[] = ["append", "merge", "delete", "update", "optimize", "vacuum"];

function deltaRsRefuses(operations: readonly Operation[], says: RegExp): Limits {
  return { refused: [{ engine: "delta-rs", operations, says }] };
}

const MAPPED = deltaRsRefuses(["optimize"], /Column mapping is not supported/);

const DELETION_VECTORS = { "delta.enableDeletionVectors": "true" };
const CHANGE_FEED = { "delta.enableChangeDataFeed": "true" };
const COLUMN_MAPPING = { "delta.columnMapping.mode": "name" };

/** All tables that the other engines have to understand. */
export const tableRecipes: readonly TableRecipe[] = [
  {
    name: "columns of every type",
    // Spark wants a value for a field that must have one even where there is no struct.
    refused: [{ engine: "spark", operations: ["append", "merge", "optimize"], says: /NOT_NULL/ }],
    async make(path) {
      const table = await create(path, { schema: EveryType });
      await table.append(everyTypeBatch(0, 60) as Batch);
      await table.append([...(everyTypeBatch(60, 20) as Batch).rows()]);
      await table.delete({ where: "medium = 2147483647" });
      await table.update({ set: { text: "concat(text, '…')" }, where: "id > 70" });
    },
  },
  rowChanges("rows changed by rewriting files", {}),
  rowChanges("rows changed by rewriting files of partitions", {}, ["kind"]),
  rowChanges("rows changed with deletion vectors", DELETION_VECTORS),
  rowChanges("rows changed with deletion vectors in partitions", DELETION_VECTORS, ["kind"]),
  rowChanges("rows changed with a change data feed", CHANGE_FEED, ["kind"]),
  rowChanges("rows changed with deletion vectors and a change data feed", {
    ...DELETION_VECTORS,
    ...CHANGE_FEED,
  }),
  rowChanges("rows changed under column mapping", { ...COLUMN_MAPPING, ...DELETION_VECTORS }, [
    "kind",
  ], { ...MAPPED, misread: NULL_PARTITIONS }),
  rowChanges("column mapping by id", { "delta.columnMapping.mode": "id" }, [], MAPPED),
  rowChanges(
    "row tracking",
    { "delta.enableRowTracking": "true" },
    [],
    deltaRsRefuses(WRITES, /RowTracking/),
  ),
  rowChanges(
    "in-commit timestamps",
    { "delta.enableInCommitTimestamps": "true" },
    [],
    deltaRsRefuses(WRITES, /InCommitTimestamp/),
  ),
  rowChanges("checkpoints of the second kind", {
    "delta.checkpointPolicy": "v2",
    "delta.checkpointInterval": "3",
  }),
  rowChanges("classic checkpoints with typed statistics", {
    "delta.checkpointInterval": "3",
    "delta.checkpoint.writeStatsAsStruct": "true",
    "delta.checkpoint.writeStatsAsJson": "false",
  }, ["kind"]),
  {
    name: "partitions of odd names",
    async make(path) {
      const table = await create(path, { partitionBy: ["kind"] });
      await table.append(
        readings(0, 2 * ODD_KINDS.length).map((row, i) => ({
          ...row,
          kind: ODD_KINDS[i % ODD_KINDS.length]!,
        })),
      );
    },
  },
  rowChanges("random file prefixes", { "delta.randomizeFilePrefixes": "true" }, ["kind"]),
  rowChanges("files compressed with gzip", { "delta.parquet.compression.codec": "gzip" }),
  {
    name: "rows overwritten",
    async make(path) {
      const table = await create(path, { partitionBy: ["kind"] });
      await table.append(readings(0, 40));
      await table.overwrite(readings(100, 40));
      await table.overwrite(readings(200, 1), { partitionOverwrite: "dynamic" });
      await table.overwrite([{ ...readings(300, 1)[0]!, kind: "b" }], {
        replaceWhere: "kind = 'b'",
      });
      await table.overwrite(readings(400, 4), { replaceWhere: "id >= 400" });
    },
  },
  {
    name: "columns added, renamed and dropped",
    ...MAPPED,
    misread: NULL_PARTITIONS,
    async make(path) {
      const table = await create(path, { properties: COLUMN_MAPPING, partitionBy: ["kind"] });
      await table.append(readings(0, 20));
      await table.renameColumn("name", "full name");
      await table.append([{ id: 100n, "full name": "new" }]);
      await table.dropColumns(["count"]);
      const place = s.struct({ x: s.double().nullable(), tags: s.array(s.string()).nullable() });
      await table.addColumns([
        { name: "count", type: s.double().nullable() },
        { name: "place", type: place.nullable(), position: { after: "id" } },
      ]);
      await table.append([
        { id: 101n, kind: "b", count: 0.5, place: { x: 1.5, tags: ["t"] } },
        { id: 102n, kind: "b", place: { x: null, tags: null } },
      ]);
      await table.renameColumn("kind", "sort");
      await table.delete({ where: "sort = 'a'" });
      await table.update({ set: { "full name": "'?'" }, where: "id > 10" });
    },
  },
  {
    name: "column mapping turned on later",
    ...MAPPED,
    async make(path) {
      const table = await create(path);
      await table.append(readings(0, 20));
      await table.setProperties(COLUMN_MAPPING);
      await table.renameColumn("name", "label");
      await table.append([{ id: 100n, label: "new" }]);
    },
  },
  {
    name: "types widened",
    ...deltaRsRefuses(["read", ...WRITES], /TypeWidening/),
    async make(path) {
      const schema = s.struct({
        id: s.long(),
        tiny: s.byte().nullable(),
        whole: s.integer().nullable(),
        single: s.float().nullable(),
        price: s.decimal(10, 2).nullable(),
      });
      const table = await create(path, {
        schema: schema,
        properties: { "delta.enableTypeWidening": "true" },
      });
      const price = Decimal.parse("12.34");
      await table.append([{ id: 1n, tiny: 1, whole: 2, single: 0.5, price }, { id: 2n }]);
      await table.changeColumn("tiny", { type: s.integer() });
      await table.changeColumn("whole", { type: s.long() });
      await table.changeColumn("single", { type: s.double() });
      await table.changeColumn("price", { type: s.decimal(20, 4) });
      await table.append([{
        id: 3n,
        tiny: 2_000_000_000,
        whole: 2n ** 60n,
        single: 0.1,
        price: Decimal.parse("1234567890123.4567"),
      }]);
      await table.delete({ where: "id = 2" });
    },
  },
  {
    name: "constraints",
    async make(path) {
      const table = await create(path);
      await table.append(readings(1, 20));
      await table.addConstraint("positive", "id > 0");
      await table.addConstraint("short", "length(name) < 20 OR name IS NULL");
      await table.append(readings(21, 20));
      await table.dropConstraint("short");
      await table.update({ set: { name: "upper(name)" }, where: "id = 2" });
    },
  },
  {
    name: "files made fewer and sorted",
    async make(path) {
      const table = await create(path, { partitionBy: ["kind"], properties: DELETION_VECTORS });
      for (let i = 0; i < 6; i++) await table.append(readings(i * 20, 20));
      await table.delete({ where: "id % 6 = 1" });
      await table.optimize({});
      await table.append(readings(200, 20));
      await table.optimize({ zOrderBy: ["id", "count"] });
    },
  },
  {
    name: "an older version restored",
    async make(path) {
      const table = await create(path, { properties: DELETION_VECTORS });
      await changeRows(table);
      await table.restore({ version: 2 });
      await table.append(readings(500, 5));
      await table.checkpoint();
      await table.restore({ version: 4 });
    },
  },
];
