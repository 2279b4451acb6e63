import { deepEqual, equal, ok, rejects } from "assert";
import { Batch } from "../../../lib/core/mod.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import {
  createTable,
  type CreateTableOptions,
} from "../../../lib/delta/commands/define/create_table.ts";
import { deleteRows } from "../../../lib/delta/commands/change/delete_rows.ts";
import { mergeRows } from "../../../lib/delta/commands/merge/merge_rows.ts";
import type { MergeCase } from "../../../lib/delta/commands/merge/merge_clauses.ts";
import { updateRows } from "../../../lib/delta/commands/change/update_rows.ts";
import { readChanges } from "../../../lib/delta/scan/change_feed.ts";
import { scan } from "../../../lib/delta/scan/scan.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { digestRows } from "../../support/canonical_rows.ts";
import { filesBelow } from "../../support/delta_log.ts";
import { EngineServer } from "../../support/engine_server.ts";
import { enginesHome } from "../../support/python.ts";
import { Random } from "../../support/random.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import {
  CONDITIONS,
  JOINS,
  mergeModel,
  type ModelClause,
  type ModelRow,
  ModelTable,
  UPDATES,
} from "./merge_model.ts";

const SEEDS = Array.from({ length: 16 }, (_, i) => i + 1);
const STEPS = 8;

/** Each seed another mixture of what a table can have. */
function tableOptions(seed: number): CreateTableOptions & { properties: Record<string, string> } {
  const has = (bit: number) => String((seed & 1 << bit) !== 0);
  return {
    schema: ModelTable,
    ...(seed % 3 === 0 ? {} : { partitionBy: ["part"] }),
    properties: {
      "delta.enableDeletionVectors": has(0),
      "delta.enableChangeDataFeed": has(1),
      ...(has(2) === "true" ? { "delta.columnMapping.mode": "name" } : {}),
    },
  };
}

function randomRow(random: Random): ModelRow {
  const orNull = <T>(value: T) => random.next() < 0.15 ? null : value;
  return {
    key: orNull(BigInt(random.integer(0, 15))),
    part: orNull(random.pick(["a", "b", "c"])),
    amount: orNull(random.integer(0, 9)),
    note: orNull(random.pick(["x", "y", "zz"])),
  };
}

function randomRows(random: Random, most: number): ModelRow[] {
  return Array.from({ length: random.integer(0, most) }, () => randomRow(random));
}

/** One row a key, mostly, since a merge with several mostly fails. */
function randomSource(random: Random): ModelRow[] {
  const rows = randomRows(random, 12);
  if (random.next() < 0.25) return rows;
  return [...new Map(rows.map((row) => [row.key, row])).values()];
}

function randomClause(random: Random, when: MergeCase, isLast: boolean): ModelClause {
  const condition = isLast && random.next() < 0.5 ? undefined : random.pick(CONDITIONS);
  const prefix = when === "notMatched" ? "s." : "t.";
  const asked = condition === undefined ? {} : { condition: condition.sql(prefix) };
  const takes: ModelClause["takes"] = (target, source) => {
    const row = target ?? source;
    return condition === undefined || (row !== undefined && condition.holds(row));
  };
  if (when === "notMatched") {
    const isAll = random.next() < 0.5;
    const set = isAll ? "all" : { key: "s.key", "t.part": "part", note: "'new'" };
    return {
      clause: { when, action: "insert", set, ...asked },
      takes,
      makes: (_, source) =>
        source === undefined || isAll ? source : { ...source, amount: null, note: "new" },
    };
  }
  if (random.next() < 0.4) {
    return { clause: { when, action: "delete", set: {}, ...asked }, takes, makes: () => undefined };
  }
  if (when === "matched" && random.next() < 0.3) {
    return {
      clause: { when, action: "update", set: "all", ...asked },
      takes,
      makes: (_, source) => source,
    };
  }
  const update = random.pick(UPDATES);
  const set = update.set("t.", when === "matched" ? "s." : undefined);
  return {
    clause: { when, action: "update", set, ...asked },
    takes,
    makes: (target, source) => target && { ...target, ...update.change(target, source) },
  };
}

function randomClauses(random: Random): ModelClause[] {
  const cases: readonly MergeCase[] = ["matched", "notMatched", "notMatchedBySource"];
  const clauses = cases.flatMap((when) => {
    const count = random.integer(0, when === "notMatchedBySource" ? 1 : 2);
    return Array.from(
      { length: count },
      (_, i) => randomClause(random, when, i === count - 1),
    );
  });
  return clauses.length === 0 ? [randomClause(random, "notMatched", true)] : clauses;
}

/** Does one thing to the table; the rows that it is to have then. */
async function step(
  random: Random,
  table: TableState,
  rows: readonly ModelRow[],
): Promise<readonly ModelRow[]> {
  const kind = random.pick(["append", "delete", "update", "merge", "merge", "merge"]);
  if (kind === "append") return await append(table, rows, randomRows(random, 15));
  const condition = random.pick(CONDITIONS);
  const takesAll = random.next() < 0.1;
  const holds = (row: ModelRow) => takesAll || condition.holds(row);
  const where = takesAll ? {} : { where: condition.sql("") };
  if (kind === "delete") {
    const result = await deleteRows(table, where);
    equal(result.numDeletedRows, rows.filter(holds).length);
    return rows.filter((row) => !holds(row));
  }
  if (kind === "update") {
    const update = random.pick(UPDATES);
    const result = await updateRows(table, { set: update.set("", undefined), ...where });
    equal(result.numUpdatedRows, rows.filter(holds).length);
    return rows.map((row) => holds(row) ? { ...row, ...update.change(row, undefined) } : row);
  }
  const join = random.pick(JOINS);
  const source = randomSource(random);
  const clauses = randomClauses(random);
  const expected = mergeModel(rows, source, join, clauses);
  const run = () =>
    mergeRows(table, {
      source: random.next() < 0.5 ? source : batchesOf(source),
      clauses: clauses.map(({ clause }) => clause),
      on: join.on,
      targetAlias: "t",
      sourceAlias: "s",
    });
  if (expected === undefined) await rejects(run, { code: "MERGE_CARDINALITY" });
  else await run();
  return expected ?? rows;
}

async function* batchesOf(rows: readonly ModelRow[]): AsyncGenerator<Batch> {
  for (let start = 0; start <= rows.length; start += 4) {
    const batch = new Batch(ModelTable) as Batch;
    for (const row of rows.slice(start, start + 4)) batch.append(row);
    yield await Promise.resolve(batch);
  }
}

async function append(
  table: TableState,
  rows: readonly ModelRow[],
  added: readonly ModelRow[],
): Promise<readonly ModelRow[]> {
  await appendRows(table, added);
  return [...rows, ...added];
}

async function readAll(table: TableState): Promise<Record<string, unknown>[]> {
  const source = { layout: table.layout(), files: table.snapshot.files() };
  const batches = await Array.fromAsync(scan(source));
  return batches.flatMap((batch) => [...batch.rows()]);
}

/** The changes of a version lead from the rows before it to those of it. */
async function checkFeed(
  table: TableState,
  versions: readonly (readonly ModelRow[])[],
): Promise<void> {
  for (let version = 1; version < versions.length; version++) {
    const changes: Record<string, unknown>[] = [];
    for await (const batch of readChanges(table, { from: version, to: version })) {
      changes.push(...batch.rows());
    }
    const left = sorted(versions[version - 1] ?? []);
    const came: ModelRow[] = [];
    for (const { _change_type, _commit_version: _, _commit_timestamp: __, ...row } of changes) {
      if (_change_type === "insert" || _change_type === "update_postimage") {
        came.push(row as ModelRow);
        continue;
      }
      const at = left.indexOf(sorted([row])[0] ?? "");
      ok(at >= 0, `version ${version}: ${JSON.stringify(sorted([row]))} went and was not there`);
      left.splice(at, 1);
    }
    deepEqual([...left, ...sorted(came)].sort(), sorted(versions[version] ?? []));
  }
}

const sorted = (rows: readonly Record<string, unknown>[]) =>
  rows.map((row) => Object.values(row).map(String).join("|")).sort();

Deno.test("rows are those of a model after each change, for delta-rs and DuckDB too", async (t) => {
  await using engines = await EngineServer.start(enginesHome, "interop/serve_engines.py");
  for (const seed of SEEDS) {
    await t.step(`seed ${seed}`, async () => {
      const random = new Random(seed);
      await using folder = await tempFolder();
      const table = await createTable(folder.path, tableOptions(seed));
      const versions: (readonly ModelRow[])[] = [[]];

      for (let i = 0; i < STEPS; i++) {
        const before = versions.at(-1) ?? [];
        const filesBefore = await filesBelow(folder.path);
        const rows = i < 2
          ? await append(table, before, randomRows(random, 25))
          : await step(random, table, before);

        const fresh = await TableState.open(folder.path);
        deepEqual(sorted(await readAll(fresh)), sorted(rows), `step ${i}`);
        equal(table.snapshot.version, fresh.snapshot.version);
        if (fresh.snapshot.version === versions.length) versions.push(rows);
        // What changes nothing leaves nothing.
        else deepEqual(await filesBelow(folder.path), filesBefore);
      }

      const expected = digestRows(ModelTable, versions.at(-1) ?? []);
      deepEqual(await engines.read("delta-rs", folder.path), expected);
      // DuckDB looks for partition values by the names that columns have for people.
      const { properties, partitionBy } = tableOptions(seed);
      const isMapped = properties["delta.columnMapping.mode"] !== undefined;
      if (!isMapped || partitionBy === undefined) {
        deepEqual(await engines.read("duckdb", folder.path), expected);
      }
      if (properties["delta.enableChangeDataFeed"] === "true") {
        await checkFeed(await TableState.open(folder.path), versions);
      }
    });
  }
});
