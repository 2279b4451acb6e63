import { deepEqual, equal, ok, rejects } from "assert";
import { schema as s, SluiceError } from "../../../lib/core/mod.ts";
import { setProperties } from "../../../lib/delta/commands/define/alter_properties.ts";
import { checkpointTable } from "../../../lib/delta/commands/maintain/checkpoint_table.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { hasFeature } from "../../../lib/delta/protocol/new_protocol.ts";
import { memoryLogStore } from "../../../lib/delta/mod.ts";
import { actionsOf } from "../../support/delta_log.ts";
import { runPython } from "../../support/python.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Trade = s.struct({ id: s.long(), symbol: s.string().nullable(), day: s.date().nullable() });

/** What the first commit of a table says, with the schema as an object. */
async function firstCommit(path: string) {
  const actions = await actionsOf(path, 0);
  const { metaData } = actions.find((action) => action.metaData) ?? {};
  const { protocol } = actions.find((action) => action.protocol) ?? {};
  ok(metaData !== undefined && protocol !== undefined);
  return { metaData, protocol, fields: JSON.parse(metaData.schemaString).fields };
}

Deno.test("createTable() commits what the table is, and delta-rs opens it", async () => {
  await using folder = await tempFolder();

  await createTable(folder.path, {
    schema: Trade,
    partitionBy: ["DAY"],
    name: "trades",
    description: "all of them",
    properties: { "my.owner": "ann", "delta.checkpointInterval": "5" },
    columnComments: { symbol: "as traded" },
  });

  const { metaData, protocol, fields } = await firstCommit(folder.path);
  deepEqual(protocol, { minReaderVersion: 1, minWriterVersion: 2 });
  equal(metaData.name, "trades");
  equal(metaData.description, "all of them");
  deepEqual(metaData.partitionColumns, ["day"]);
  deepEqual(metaData.configuration, { "my.owner": "ann", "delta.checkpointInterval": "5" });
  deepEqual(fields[1].metadata, { comment: "as traded" });
  const read = await runPython("read_delta.py", folder.path) as Record<string, unknown>;
  deepEqual(read.partitionColumns, ["day"]);
  equal(read.rows, 0);
});

Deno.test("createTable() gives mapped columns ids and names that nothing else has", async () => {
  await using folder = await tempFolder();
  const schema = s.struct({
    "a b": s.long(),
    nested: s.struct({ c: s.long() }).nullable(),
    list: s.array(s.struct({ d: s.long() })).nullable(),
  });

  await createTable(folder.path, {
    schema,
    properties: { "delta.columnMapping.mode": "name" },
  });

  const { metaData, protocol, fields } = await firstCommit(folder.path);
  equal(protocol.minReaderVersion, 2);
  ok(hasFeature(protocol, "columnMapping"));
  equal(metaData.configuration["delta.columnMapping.maxColumnId"], "5");
  const mapped = [
    fields[0],
    fields[1],
    fields[1].type.fields[0],
    fields[2],
    fields[2].type.elementType.fields[0],
  ].map(({ metadata }) => metadata);
  deepEqual(mapped.map((metadata) => metadata["delta.columnMapping.id"]), [1, 2, 3, 4, 5]);
  const names = mapped.map((metadata) => metadata["delta.columnMapping.physicalName"]);
  equal(new Set(names).size, 5);
  ok(names.every((name) => /^col-[0-9a-f-]{36}$/.test(name)));
});

Deno.test("createTable() asks readers for no more than properties and types need", async () => {
  const cases = [
    { set: "delta.enableChangeDataFeed", to: "true", reader: 1, feature: "changeDataFeed" },
    { set: "delta.constraints.Positive", to: "id > 0", reader: 1, feature: "checkConstraints" },
    { set: "delta.enableDeletionVectors", to: "true", reader: 3, feature: "deletionVectors" },
    { set: "delta.feature.v2Checkpoint", to: "supported", reader: 3, feature: "v2Checkpoint" },
    { set: "delta.enableRowTracking", to: "true", reader: 1, feature: "domainMetadata" },
  ];
  for (const { set, to, reader, feature } of cases) {
    await using folder = await tempFolder();

    await createTable(folder.path, { schema: Trade, properties: { [set]: to } });

    const { metaData, protocol } = await firstCommit(folder.path);
    equal(protocol.minReaderVersion, reader, set);
    ok(hasFeature(protocol, feature), set);
    ok(!Object.keys(metaData.configuration).some((key) => key.startsWith("delta.feature.")));
  }
  await using folder = await tempFolder();
  await createTable(folder.path, { schema: s.struct({ at: s.timestampNtz(), id: s.long() }) });
  deepEqual((await firstCommit(folder.path)).protocol.readerFeatures, ["timestampNtz"]);
});

Deno.test("createTable() keeps a constraint by its name in lower case", async () => {
  await using folder = await tempFolder();

  await createTable(folder.path, {
    schema: Trade,
    properties: { "delta.constraints.Positive": "id > 0" },
  });

  const { metaData } = await firstCommit(folder.path);
  deepEqual(metaData.configuration, { "delta.constraints.positive": "id > 0" });
});

Deno.test("createTable(), of many at once, lets one make the table", async () => {
  for (let round = 0; round < 5; round++) {
    await using folder = await tempFolder();

    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => createTable(folder.path, { schema: Trade })),
    );

    equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      ok(outcome.reason instanceof SluiceError);
      equal(outcome.reason.code, "TABLE_EXISTS");
    }
    deepEqual((await folder.list("_delta_log")).filter((name) => name.endsWith(".json")), [
      "00000000000000000000.json",
    ]);
  }
});

Deno.test("createTable() sees a table of which only a checkpoint is left", async () => {
  const store = memoryLogStore();
  const table = await createTable("/nowhere", { schema: Trade, store });
  await setProperties(table, { "my.owner": "ann" });
  await checkpointTable(table);
  const shortened = memoryLogStore();
  for (const name of (await store.list()).filter((name) => name.includes("1."))) {
    await shortened.write(name, (await store.read(name))!);
  }

  await rejects(createTable("/nowhere", { schema: Trade, store: shortened }), {
    code: "TABLE_EXISTS",
  });
});

Deno.test("createTable() refuses what no table can be, and leaves nothing behind", async () => {
  const cases: readonly [object, string][] = [
    [{ partitionBy: ["nope"] }, "BAD_PARTITION_COLUMNS"],
    [{ partitionBy: ["id", "symbol", "day"] }, "BAD_PARTITION_COLUMNS"],
    [{ schema: s.struct({ "a b": s.long() }) }, "BAD_SCHEMA"],
    [{
      schema: s.struct({ _change_type: s.string(), id: s.long() }),
      properties: { "delta.enableChangeDataFeed": "true" },
    }, "BAD_SCHEMA"],
    [{ properties: { "delta.appendOnly": "yes" } }, "BAD_PROPERTY"],
    [{ properties: { "delta.unheardOf": "1" } }, "BAD_PROPERTY"],
    [{ properties: { "delta.constraints.x": "nope > 0" } }, "BAD_EXPRESSION"],
    [{ columnComments: { nope: "?" } }, "UNKNOWN_COLUMN"],
    [{ partitionedBy: ["day"] }, "UNKNOWN_OPTION"],
  ];
  for (const [options, code] of cases) {
    const store = memoryLogStore();
    const made = createTable("/nowhere", { schema: Trade, store, ...options });
    await rejects(made, { code }, JSON.stringify(options));
    deepEqual(await store.list(), []);
  }
});
