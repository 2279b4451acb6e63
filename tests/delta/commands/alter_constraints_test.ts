import { deepEqual, equal, ok, rejects } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import {
  addConstraint,
  dropConstraint,
} from "../../../lib/delta/commands/define/alter_constraints.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { hasFeature } from "../../../lib/delta/protocol/new_protocol.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { actionsOf, filesBelow } from "../../support/delta_log.ts";
import { overtaken } from "../../support/overtaken.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Item = s.struct({ id: s.long(), n: s.integer().nullable() });

Deno.test("addConstraint() keeps the expression under its name in lower case, for all writers", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item });
  await appendRows(table, [{ id: 1n, n: 1 }]);

  await addConstraint(table, "Positive", "id > 0 AND n < 10");

  const actions = await actionsOf(folder.path, 2);
  const { configuration } = actions.find(({ metaData }) => metaData)!.metaData!;
  deepEqual(configuration, { "delta.constraints.positive": "id > 0 AND n < 10" });
  deepEqual(actions[0]?.commitInfo?.operationParameters, {
    name: "Positive",
    expr: "id > 0 AND n < 10",
  });
  ok(hasFeature(table.snapshot.protocol, "checkConstraints"));
  await rejects(appendRows(table, [{ id: 0n, n: 1 }]), { code: "CONSTRAINT_VIOLATED" });
  await rejects(appendRows(table, [{ id: 1n, n: null }]), { code: "CONSTRAINT_VIOLATED" });
  await appendRows(table, [{ id: 2n, n: 9 }]);
});

Deno.test("addConstraint() refuses one that a row breaks, be it with a null", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item });
  await appendRows(table, [{ id: 1n, n: 1 }, { id: 7n, n: null }]);

  await rejects(addConstraint(table, "small", "n < 10"), {
    code: "CONSTRAINT_VIOLATED",
    message: /n = null/,
  });
  await rejects(addConstraint(table, "tiny", "id < 5"), {
    code: "CONSTRAINT_VIOLATED",
    message: /id = 7/,
  });
  await rejects(addConstraint(table, "wrong", "nope > 1"), { code: "BAD_EXPRESSION" });
  await rejects(addConstraint(table, "wrong", "id + 1"), { code: "BAD_EXPRESSION" });
  await rejects(addConstraint(table, "", "id > 0"), { code: "BAD_OPTION" });
  await addConstraint(table, "fine", "id < 10");
  await rejects(addConstraint(table, "FINE", "id < 10"), { code: "CONSTRAINT_EXISTS" });
  equal((await table.refresh()).version, 2);
});

Deno.test("addConstraint() looks at the rows that are added meanwhile", async () => {
  await using folder = await tempFolder();
  await createTable(folder.path, { schema: Item });
  const table = await overtaken(folder.path, async (other) => {
    await appendRows(other, [{ id: -1n }]);
  });

  await rejects(addConstraint(table, "positive", "id > 0"), {
    code: "CONSTRAINT_VIOLATED",
    message: /id = -1/,
  });

  const { metadata, version } = (await TableState.open(folder.path)).snapshot;
  equal(version, 1);
  deepEqual(metadata.configuration, {});
});

Deno.test("appendRows() keeps to a constraint that is added meanwhile, and leaves no file", async () => {
  await using folder = await tempFolder();
  await createTable(folder.path, { schema: Item });
  const table = await overtaken(folder.path, async (other) => {
    await addConstraint(other, "positive", "id > 0");
  });

  await rejects(appendRows(table, [{ id: -1n }]), { code: "CONSTRAINT_VIOLATED" });

  deepEqual(await filesBelow(folder.path), []);
});

Deno.test("dropConstraint() lets rows in again", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item });
  await addConstraint(table, "positive", "id > 0");

  await dropConstraint(table, "POSITIVE");

  await appendRows(table, [{ id: -1n }]);
  await rejects(dropConstraint(table, "positive"), { code: "CONSTRAINT_NOT_FOUND" });
  equal((await dropConstraint(table, "positive", { ifExists: true })).version, undefined);
});
