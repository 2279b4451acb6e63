import { deepEqual, equal, ok, rejects } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import {
  setProperties,
  unsetProperties,
} from "../../../lib/delta/commands/define/alter_properties.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { hasFeature } from "../../../lib/delta/protocol/new_protocol.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { actionsOf } from "../../support/delta_log.ts";
import { overtaken } from "../../support/overtaken.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Item = s.struct({ id: s.long() });

Deno.test("setProperties() keeps the others, and says nothing where nothing changes", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item, properties: { "my.a": "1" } });

  equal((await setProperties(table, { "my.b": "2" })).version, 1);
  equal((await setProperties(table, { "my.b": "2" })).version, undefined);

  const [info, ...actions] = await actionsOf(folder.path, 1);
  equal(info?.commitInfo?.operation, "SET TBLPROPERTIES");
  deepEqual(info?.commitInfo?.operationParameters, { properties: '{"my.b":"2"}' });
  equal(actions.length, 1);
  deepEqual(actions[0]?.metaData?.configuration, { "my.a": "1", "my.b": "2" });
});

Deno.test("setProperties() gives the table the features that properties need", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item });
  const cases = [
    ["delta.enableChangeDataFeed", "true", "changeDataFeed"],
    ["delta.columnMapping.mode", "name", "columnMapping"],
    ["delta.enableDeletionVectors", "true", "deletionVectors"],
    ["delta.checkpointPolicy", "v2", "v2Checkpoint"],
    ["delta.enableTypeWidening", "true", "typeWidening"],
    ["delta.feature.vacuumProtocolCheck", "supported", "vacuumProtocolCheck"],
  ] as const;

  for (const [property, value, feature] of cases) {
    ok(!hasFeature(table.snapshot.protocol, feature), feature);
    await setProperties(table, { [property]: value });
    ok(hasFeature(table.snapshot.protocol, feature), feature);
  }

  for (const [, , feature] of cases) ok(hasFeature(table.snapshot.protocol, feature), feature);
  ok(!("delta.feature.vacuumProtocolCheck" in table.snapshot.metadata.configuration));
});

Deno.test("setProperties() notes where in-commit timestamps begin", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item });
  await appendRows(table, [{ id: 1n }]);

  await setProperties(table, { "delta.enableInCommitTimestamps": "true" });

  const actions = await actionsOf(folder.path, 2);
  const timestamp = actions[0]?.commitInfo?.inCommitTimestamp;
  const { configuration } = actions.find(({ metaData }) => metaData)!.metaData!;
  equal(configuration["delta.inCommitTimestampEnablementVersion"], "2");
  equal(configuration["delta.inCommitTimestampEnablementTimestamp"], String(timestamp));
});

Deno.test("setProperties() gives ids to the rows of files that are there", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item });
  await appendRows(table, [{ id: 1n }, { id: 2n }]);
  await appendRows(table, [{ id: 3n }]);

  await setProperties(table, { "delta.enableRowTracking": "true" });

  const files = [...table.snapshot.files()];
  deepEqual(files.map(({ baseRowId }) => baseRowId), [0, 2]);
  const { configuration } = table.snapshot.metadata;
  ok(configuration["delta.rowTracking.materializedRowIdColumnName"]?.startsWith("_row-id-col-"));
  const actions = await actionsOf(folder.path, 3);
  ok(actions.flatMap(({ add }) => add ?? []).every(({ dataChange }) => !dataChange));
  equal(
    actions.find(({ domainMetadata }) => domainMetadata)?.domainMetadata?.configuration,
    '{"rowIdHighWaterMark":2}',
  );
});

Deno.test("setProperties() gives ids also to rows that another adds to an empty table just before", async () => {
  await using folder = await tempFolder();
  await createTable(folder.path, { schema: Item });
  const table = await overtaken(folder.path, async (other) => {
    await appendRows(other, [{ id: 1n }]);
  });

  await setProperties(table, { "delta.enableRowTracking": "true" });

  const { snapshot } = await TableState.open(folder.path);
  deepEqual([...snapshot.files()].map(({ baseRowId }) => baseRowId), [0]);
});

Deno.test("setProperties() refuses what it would not keep to", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item });
  const mapped = await createTable(`${folder.path}/mapped`, {
    schema: Item,
    properties: { "delta.columnMapping.mode": "name" },
  });
  const cases = [
    [table, { "delta.columnMapping.mode": "id" }],
    [mapped, { "delta.columnMapping.mode": "none" }],
    [mapped, { "delta.columnMapping.mode": "id" }],
    [mapped, { "delta.columnMapping.maxColumnId": "0" }],
    [table, { "delta.constraints.x": "id > 0" }],
    [table, { "delta.enableIcebergCompatV2": "true" }],
    [table, { "delta.feature.fancy": "supported" }],
  ] as const;
  for (const [state, properties] of cases) {
    await rejects(setProperties(state, properties), { code: "BAD_PROPERTY" });
  }
  const reserved = await createTable(`${folder.path}/reserved`, {
    schema: s.struct({ id: s.long(), _commit_version: s.long() }),
  });
  await rejects(setProperties(reserved, { "delta.enableChangeDataFeed": "true" }), {
    code: "BAD_SCHEMA",
  });
});

Deno.test("unsetProperties() takes away what can be missed", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, {
    schema: Item,
    properties: {
      "my.a": "1",
      "delta.appendOnly": "true",
      "delta.columnMapping.mode": "name",
      "delta.constraints.x": "id > 0",
    },
  });

  await unsetProperties(table, ["my.a", "delta.appendOnly", "nope"], { ifExists: true });

  deepEqual(Object.keys(table.snapshot.metadata.configuration).sort(), [
    "delta.columnMapping.maxColumnId",
    "delta.columnMapping.mode",
    "delta.constraints.x",
  ]);
  await rejects(unsetProperties(table, ["nope"]), { code: "PROPERTY_NOT_FOUND" });
  for (const [name] of Object.entries(table.snapshot.metadata.configuration)) {
    await rejects(unsetProperties(table, [name]), { code: "BAD_PROPERTY" });
  }
});
