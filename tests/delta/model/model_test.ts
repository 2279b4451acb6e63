// Seeds are printed.
// deno-lint-ignore-file no-console
import { deepEqual, equal } from "assert";
import { DeltaTable } from "../../../lib/delta/mod.ts";
import { digestRows } from "../../support/canonical_rows.ts";
import { Random } from "../../support/random.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { FIRST_COLUMNS, randomStep } from "./random_step.ts";
import { type ModelRow, TableModel, type TableRows } from "./table_model.ts";

const STEPS = Number(Deno.env.get("SLUICE_MODEL_STEPS") ?? 30);
const RUNS = 8;

/** `SLUICE_SEED=… SLUICE_MODEL_STEPS=…` runs one sequence again. */
function seeds(): number[] {
  const given = Deno.env.get("SLUICE_SEED");
  if (given !== undefined) return [Number(given)];
  const first = Date.now() % 1_000_000;
  return Array.from({ length: RUNS }, (_, i) => first + i);
}

for (const seed of seeds()) {
  Deno.test(`a table does what a model in memory does, with seed ${seed}`, async () => {
    await using folder = await tempFolder();
    await runSequence(`${folder.path}/table`, seed);
  });
}

async function runSequence(path: string, seed: number): Promise<void> {
  const random = new Random(seed);
  const isPartitioned = random.next() < 0.5;
  const isMapped = random.next() < 0.5;
  const yesOrNo = () => String(random.next() < 0.5);
  const model = new TableModel(FIRST_COLUMNS);
  const table = await DeltaTable.create(path, {
    schema: FIRST_COLUMNS,
    partitionBy: isPartitioned ? ["k"] : [],
    properties: {
      "delta.enableDeletionVectors": yesOrNo(),
      "delta.enableChangeDataFeed": yesOrNo(),
      "delta.checkpointInterval": "4",
      ...(isMapped ? { "delta.columnMapping.mode": "name" } : {}),
    },
  });
  model.keep(0);
  const done: string[] = [];
  const replay = () => `SLUICE_SEED=${seed} SLUICE_MODEL_STEPS=${STEPS}\n${done.join("\n")}`;
  try {
    for (let step = 0; step < STEPS; step++) {
      done.push(await randomStep({ random, table, model, isPartitioned, isMapped }));
      for (let version = model.newest + 1; version <= table.version; version++) model.keep(version);
      await checkVersion(path, undefined, table.version, model);
    }
    for (let version = 0; version <= table.version; version++) {
      await checkVersion(path, version, version, model.at(version));
      if (version > 0) await checkChanges(path, version, model);
    }
  } catch (error) {
    console.log(replay());
    throw error;
  }
}

/** A version, by default the newest, holds what the model does. */
async function checkVersion(
  path: string,
  at: number | undefined,
  version: number,
  { schema, rows }: TableRows,
): Promise<void> {
  const table = await DeltaTable.open(path, at);
  equal(table.version, version);
  deepEqual(
    table.schema.fields.map(({ name, type }) => [name, type]),
    schema.fields.map(({ name, type }) => [name, type]),
  );
  const found = digestRows(schema, await Array.fromAsync(table.rows()));
  deepEqual(found, digestRows(schema, rows.values()), `version ${version}`);
}

/** The change feed of a version turns the version before into it. */
async function checkChanges(path: string, version: number, model: TableModel): Promise<void> {
  const table = await DeltaTable.open(path, version);
  if (table.metadata.configuration["delta.enableChangeDataFeed"] !== "true") return;
  const [before, after] = [model.at(version - 1), model.at(version)];
  if (before.schema !== after.schema) return;
  const rows = new Map(before.rows);
  const added: ModelRow[] = [];
  for await (const batch of table.changes({ from: version, to: version })) {
    for (const { _change_type, _commit_version, _commit_timestamp, ...row } of batch.rows()) {
      equal(_commit_version, BigInt(version));
      if (_change_type === "insert" || _change_type === "update_postimage") {
        added.push(row as ModelRow);
      } else {
        deepEqual(row, rows.get(row.id as bigint), `version ${version} takes out a row`);
        rows.delete(row.id as bigint);
      }
    }
  }
  for (const row of added) {
    equal(rows.has(row.id), false, `version ${version} puts in a row twice`);
    rows.set(row.id, row);
  }
  const { schema } = after;
  const found = digestRows(schema, rows.values());
  deepEqual(found, digestRows(schema, after.rows.values()), `changes of version ${version}`);
}
