import { deepEqual, equal, ok, rejects } from "assert";
import { Decimal, schema as s } from "../../../lib/core/mod.ts";
import {
  addColumns,
  changeColumn,
  dropColumns,
  renameColumn,
} from "../../../lib/delta/commands/define/alter_columns.ts";
import { addConstraint } from "../../../lib/delta/commands/define/alter_constraints.ts";
import { setProperties } from "../../../lib/delta/commands/define/alter_properties.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { allFields, type FieldJson } from "../../../lib/delta/protocol/schema_json.ts";
import { commitTransaction } from "../../../lib/delta/transactions/transaction.ts";
import { actionsOf, alterFields, filesBelow, rowsOf } from "../../support/delta_log.ts";
import { overtaken } from "../../support/overtaken.ts";
import { runPython } from "../../support/python.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Person = s.struct({
  id: s.long(),
  name: s.string().nullable(),
  home: s.struct({ street: s.string().nullable(), zip: s.integer().nullable() }).nullable(),
  day: s.date().nullable(),
});
const MAPPED = { "delta.columnMapping.mode": "name" };
const ann = { id: 1n, name: "Ann", home: { street: "Main", zip: 1 }, day: 1 };

/** A table of one row. */
async function people(path: string, properties: Record<string, string> = {}) {
  const table = await createTable(path, { schema: Person, partitionBy: ["day"], properties });
  await appendRows(table, [ann]);
  return table;
}

/** The columns of a table as the newest metadata in its log has them. */
async function fieldsIn(path: string, version: number): Promise<FieldJson[]> {
  const metaData = (await actionsOf(path, version)).find((action) => action.metaData)?.metaData;
  ok(metaData !== undefined);
  return JSON.parse(metaData.schemaString).fields;
}

Deno.test("addColumns() puts columns where they were asked for, also into structs", async () => {
  await using folder = await tempFolder();
  const table = await people(folder.path);

  const result = await addColumns(table, [
    { name: "last", type: s.string().nullable(), comment: "family name" },
    { name: "first", type: s.string().nullable(), position: "first" },
    { name: "middle", type: s.string().nullable(), position: { after: "NAME" } },
    { name: "home.city", type: s.timestampNtz().nullable(), position: { after: "street" } },
  ]);

  equal(result.version, 2);
  const fields = await fieldsIn(folder.path, 2);
  deepEqual(fields.map(({ name }) => name), [
    "first",
    "id",
    "name",
    "middle",
    "home",
    "day",
    "last",
  ]);
  deepEqual(fields.at(-1)?.metadata, { comment: "family name" });
  equal(
    (await actionsOf(folder.path, 2))[0]?.commitInfo?.operation,
    "ADD COLUMNS",
  );
  deepEqual(await rowsOf(folder.path, "id"), [{
    first: null,
    id: 1n,
    name: "Ann",
    middle: null,
    home: { street: "Main", city: null, zip: 1 },
    day: 1,
    last: null,
  }]);
});

Deno.test("addColumns() refuses names that are taken and columns that cannot be null", async () => {
  await using folder = await tempFolder();
  const table = await people(folder.path);
  const text = s.string().nullable();

  await rejects(addColumns(table, [{ name: "NAME", type: text }]), { code: "COLUMN_EXISTS" });
  await rejects(addColumns(table, [{ name: "a", type: text }, { name: "A", type: text }]), {
    code: "COLUMN_EXISTS",
  });
  await rejects(addColumns(table, [{ name: "name.x", type: text }]), { code: "UNKNOWN_COLUMN" });
  await rejects(addColumns(table, [{ name: "x", type: text, position: { after: "y" } }]), {
    code: "UNKNOWN_COLUMN",
  });
  await rejects(addColumns(table, [{ name: "x", type: s.string() }]), { code: "BAD_SCHEMA" });
  await rejects(addColumns(table, [{ name: "a b", type: text }]), { code: "BAD_SCHEMA" });
  equal((await table.refresh()).version, 1);
});

Deno.test("a table that gets column mapping keeps its files, and columns can go and change names", async () => {
  await using folder = await tempFolder();
  const table = await people(folder.path);

  await setProperties(table, MAPPED);
  await renameColumn(table, "home.street", "the street");
  await renameColumn(table, "DAY", "the day");
  await dropColumns(table, ["home.zip", "name"]);
  await addColumns(table, [{ name: "name", type: s.integer().nullable() }]);
  await appendRows(table, [{ id: 2n, home: { "the street": "Side" }, "the day": 2, name: 7 }]);

  equal((await filesBelow(folder.path)).length, 2);
  deepEqual(await rowsOf(folder.path, "id"), [
    { id: 1n, home: { "the street": "Main" }, "the day": 1, name: null },
    { id: 2n, home: { "the street": "Side" }, "the day": 2, name: 7 },
  ]);
  const [id, home, day, name] = await fieldsIn(folder.path, 6);
  const physical = (field?: FieldJson) => field?.metadata["delta.columnMapping.physicalName"];
  deepEqual([id, home, day].map(physical), ["id", "home", "day"]);
  ok(/^col-/.test(String(physical(name))), "a name that an old file has must not come back");
  equal(name?.metadata["delta.columnMapping.id"], 7);
  const sql = 'select id, name, "the day", home."the street" from t order by id';
  deepEqual(await runPython("query_duckdb.py", folder.path, sql), [
    ["1", "None", "1970-01-02", "Main"],
    ["2", "7", "1970-01-03", "Side"],
  ]);
});

Deno.test("dropColumns() and renameColumn() need column mapping, and spare what is needed", async () => {
  await using folder = await tempFolder();
  const plain = await people(folder.path);
  await rejects(dropColumns(plain, ["name"]), {
    code: "FEATURE_OFF",
    message: /delta\.columnMapping\.mode/,
  });
  await rejects(renameColumn(plain, "name", "nom"), { code: "FEATURE_OFF" });

  await setProperties(plain, MAPPED);
  await addConstraint(plain, "zipped", "home.zip > 0");

  await rejects(dropColumns(plain, ["day"]), { code: "COLUMN_IN_USE", message: /partitions/ });
  await rejects(dropColumns(plain, ["home"]), { code: "COLUMN_IN_USE", message: /"zipped"/ });
  await rejects(renameColumn(plain, "HOME.zip", "x"), { code: "COLUMN_IN_USE" });
  await rejects(dropColumns(plain, ["nope"]), { code: "UNKNOWN_COLUMN" });
  await rejects(renameColumn(plain, "name", "ID"), { code: "COLUMN_EXISTS" });
  await rejects(dropColumns(plain, ["id", "name", "home.street", "home"]), {
    code: "COLUMN_IN_USE",
  });
  const single = await createTable(`${folder.path}/single`, {
    schema: s.struct({ id: s.long() }),
    properties: MAPPED,
  });
  await rejects(dropColumns(single, ["id"]), { code: "COLUMN_IN_USE", message: /no other column/ });
});

Deno.test("columns that expressions or the clustering speak of stay", async () => {
  await using folder = await tempFolder();
  const table = await people(folder.path, MAPPED);
  await alterFields(table, {
    name: { "delta.generationExpression": "cast(id as string)" },
    day: { "delta.invariants": '{"expression":{"expression":"home.zip < 10"}}' },
  });

  await rejects(renameColumn(table, "id", "key"), {
    code: "COLUMN_IN_USE",
    message: /generated column "name"/,
  });
  await rejects(dropColumns(table, ["home.zip"]), {
    code: "COLUMN_IN_USE",
    message: /the invariant of column "day"/,
  });
  await renameColumn(table, "home.street", "road");

  const clustered = await createTable(`${folder.path}/clustered`, {
    schema: Person,
    properties: { ...MAPPED, "delta.feature.clustering": "supported" },
  });
  const physical = [...allFields(await fieldsIn(clustered.path, 0))]
    .filter(({ path }) => path === "home" || path === "home.zip")
    .map(({ field }) => field.metadata["delta.columnMapping.physicalName"]);
  await commitTransaction(clustered.store, clustered.snapshot, {
    txnId: crypto.randomUUID(),
    operation: "CLUSTER BY",
    operationParameters: {},
    actions: [{
      domainMetadata: {
        domain: "delta.clustering",
        configuration: JSON.stringify({ clusteringColumns: [physical] }),
        removed: false,
      },
    }],
    reads: { kind: "nothing" },
  });
  await rejects(dropColumns(clustered, ["home"]), {
    code: "COLUMN_IN_USE",
    message: /the clustering/,
  });
  await dropColumns(clustered, ["home.street"]);
  await renameColumn(clustered, "home.zip", "code");
});

Deno.test("renameColumn() and dropColumns() keep the list of columns with statistics right", async () => {
  await using folder = await tempFolder();
  const table = await people(folder.path, {
    ...MAPPED,
    "delta.dataSkippingStatsColumns": "id,home.street,name",
  });

  await renameColumn(table, "home", "addr.ess");
  await dropColumns(table, ["name"]);

  equal(
    table.snapshot.metadata.configuration["delta.dataSkippingStatsColumns"],
    "id,`addr.ess`.street",
  );
});

Deno.test("changeColumn() widens types at every level, and old rows are read as the new type", async () => {
  await using folder = await tempFolder();
  const schema = s.struct({
    id: s.integer(),
    price: s.decimal(10, 2),
    ratio: s.float(),
    counts: s.map(s.byte(), s.array(s.short())),
    day: s.date(),
    part: s.short(),
  });
  const table = await createTable(folder.path, { schema, partitionBy: ["part"] });
  const row = {
    id: 1,
    price: Decimal.parse("1.25"),
    ratio: 0.5,
    counts: new Map([[1, [2]]]),
    day: 1,
    part: 3,
  };
  await appendRows(table, [row]);
  await rejects(changeColumn(table, "id", { type: s.long() }), {
    code: "FEATURE_OFF",
    message: /delta\.enableTypeWidening/,
  });

  await setProperties(table, { "delta.enableTypeWidening": "true" });
  await changeColumn(table, "id", { type: s.long() });
  await changeColumn(table, "price", { type: s.decimal(14, 4) });
  await changeColumn(table, "ratio", { type: s.double() });
  await changeColumn(table, "counts", { type: s.map(s.short(), s.array(s.integer())) });
  await changeColumn(table, "counts", { type: s.map(s.short(), s.array(s.long())) });
  await changeColumn(table, "day", { type: s.timestampNtz() });
  await changeColumn(table, "part", { type: s.integer() });

  const fields = await fieldsIn(folder.path, 9);
  deepEqual(fields[3]?.metadata["delta.typeChanges"], [
    { fromType: "byte", toType: "short", fieldPath: "key" },
    { fromType: "short", toType: "integer", fieldPath: "value.element" },
    { fromType: "integer", toType: "long", fieldPath: "value.element" },
  ]);
  ok(table.snapshot.protocol.readerFeatures?.includes("typeWidening"));
  ok(table.snapshot.protocol.readerFeatures?.includes("timestampNtz"));
  await appendRows(table, [{ ...row, id: 2n ** 40n, day: 5n, counts: new Map() }]);
  const sql = "select id, price, ratio, counts, day, part from t order by id";
  deepEqual(await runPython("query_duckdb.py", folder.path, sql), [
    ["1", "1.2500", "0.5", "{1: [2]}", "1970-01-02 00:00:00", "3"],
    ["1099511627776", "1.2500", "0.5", "{}", "1970-01-01 00:00:00.000005", "3"],
  ]);
  deepEqual(await rowsOf(folder.path, "id"), [
    {
      ...row,
      id: 1n,
      price: Decimal.parse("1.2500"),
      counts: new Map([[1, [2n]]]),
      day: 86_400_000_000n,
    },
    {
      ...row,
      id: 2n ** 40n,
      price: Decimal.parse("1.2500"),
      counts: new Map(),
      day: 5n,
    },
  ]);
});

Deno.test("changeColumn() refuses types that old rows could not be read as", async () => {
  await using folder = await tempFolder();
  const table = await people(folder.path, { "delta.enableTypeWidening": "true" });
  await addConstraint(table, "zipped", "home.zip > 0");
  const to = (name: string, type: Parameters<typeof changeColumn>[2]["type"]) =>
    changeColumn(table, name, type === undefined ? {} : { type });

  await rejects(to("id", s.integer()), { code: "SCHEMA_MISMATCH", message: /column "id"/ });
  await rejects(to("id", s.double()), { code: "SCHEMA_MISMATCH" });
  await rejects(to("name", s.binary()), { code: "SCHEMA_MISMATCH" });
  await rejects(to("home", s.struct({ other: s.long() })), { code: "SCHEMA_MISMATCH" });
  await rejects(to("home.zip", s.long()), { code: "COLUMN_IN_USE" });
  equal((await to("id", s.long())).version, undefined);
});

Deno.test("changeColumn() makes a column not null only if every row has a value", async () => {
  await using folder = await tempFolder();
  const table = await people(folder.path);
  await changeColumn(table, "home.street", { nullable: false });
  await rejects(
    appendRows(table, [{ ...ann, home: { street: null, zip: 1 } }]),
    { code: "BAD_VALUE" },
  );
  await appendRows(table, [{ ...ann, id: 2n, home: null, name: null }]);

  await rejects(changeColumn(table, "name", { nullable: false }), {
    code: "CONSTRAINT_VIOLATED",
    message: /name = null/,
  });
  await changeColumn(table, "home.street", { nullable: true });
  await changeColumn(table, "id", { nullable: true, comment: "who" });
  await changeColumn(table, "id", { comment: "" });

  const [id] = await fieldsIn(folder.path, 6);
  deepEqual(id, { name: "id", type: "long", nullable: true, metadata: {} });
});

Deno.test("changeColumn() to not null looks at rows that are added meanwhile", async () => {
  await using folder = await tempFolder();
  await people(folder.path);
  const table = await overtaken(folder.path, async (other) => {
    await appendRows(other, [{ ...ann, name: null }]);
  });

  await rejects(changeColumn(table, "name", { nullable: false }), {
    code: "CONSTRAINT_VIOLATED",
  });

  const { schema, version } = (await TableState.open(folder.path)).snapshot;
  equal(version, 2);
  equal(schema.fields[1]?.nullable, true);
});
