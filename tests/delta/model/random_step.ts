import {
  type DataType,
  type Schema,
  schema as s,
  type StructField,
  TypeSpec,
} from "../../../lib/core/mod.ts";
import type { DeltaTable } from "../../../lib/delta/mod.ts";
import type { Random } from "../../support/random.ts";
import { randomCondition, TEXTS } from "./random_condition.ts";
import type { ModelRow, TableModel } from "./table_model.ts";

/** A table, and the model that it must be like. */
export interface Pair {
  readonly random: Random;
  readonly table: DeltaTable;
  readonly model: TableModel;
  readonly isPartitioned: boolean;
  /** True if columns can be renamed and dropped. */
  readonly isMapped: boolean;
}

/** Does one thing to the table and to the model, and tells what, for the message of a failure. */
type Step = (pair: Pair) => Promise<string>;

const steps: readonly [weight: number, step: Step][] = [
  [5, append],
  [4, deleteRows],
  [4, updateRows],
  [5, mergeRows],
  [1, overwrite],
  [1, overwritePartitions],
  [1, replaceWhere],
  [2, optimize],
  [1, checkpoint],
  [1, restore],
  [1, addColumn],
  [1, renameColumn],
  [1, dropColumn],
  [2, toggleProperty],
  [1, vacuumDry],
];

/** Does one of the steps, those of a higher weight more often. */
export async function randomStep(pair: Pair): Promise<string> {
  let at = pair.random.integer(1, steps.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, step] of steps) {
    at -= weight;
    if (at <= 0) return await step(pair);
  }
  throw new Error("the weights do not add up");
}

async function append({ random, table, model }: Pair): Promise<string> {
  const rows = newRows(random, model, random.integer(1, 12));
  await table.append(rows);
  model.put(rows);
  return `append ${rows.length} rows`;
}

async function deleteRows({ random, table, model }: Pair): Promise<string> {
  const { sql, holds } = randomCondition(random, model);
  await table.delete({ where: sql });
  model.delete(holds);
  return `delete where ${sql}`;
}

async function updateRows({ random, table, model }: Pair): Promise<string> {
  const { sql, holds } = randomCondition(random, model);
  const { set, change } = randomChange(random, model);
  await table.update({ set, where: sql });
  model.update(holds, change);
  return `update ${JSON.stringify(set)} where ${sql}`;
}

async function mergeRows({ random, table, model }: Pair): Promise<string> {
  const known = [...model.rows.keys()].filter(() => random.next() < 0.3);
  const source = [
    ...known.map((id) => ({ ...randomRow(random, model.schema.fields), id })),
    ...newRows(random, model, random.integer(0, 5)),
  ];
  const byId = new Map(source.map((row) => [row.id, row]));
  const gone = randomCondition(random, model, "target.");
  const changed = randomCondition(random, model, "source.");
  const isPruning = random.next() < 0.3;
  let merge = table.merge(source, { on: "target.id = source.id" })
    .whenMatchedDelete({ condition: gone.sql })
    .whenMatchedUpdateAll({ condition: changed.sql })
    .whenNotMatchedInsertAll();
  if (isPruning) merge = merge.whenNotMatchedBySourceDelete({ condition: "target.id % 2 = 0" });
  await merge.execute();

  const before = [...model.rows.values()];
  model.put(source.filter(({ id }) => !model.rows.has(id)));
  for (const row of before) {
    const update = byId.get(row.id);
    if (update === undefined) {
      if (isPruning && row.id % 2n === 0n) model.rows.delete(row.id);
    } else if (gone.holds(row)) model.rows.delete(row.id);
    else if (changed.holds(update)) model.rows.set(row.id, update);
  }
  return `merge ${source.length} rows, delete if ${gone.sql}, update if ${changed.sql}`;
}

async function overwrite({ random, table, model }: Pair): Promise<string> {
  const rows = newRows(random, model, random.integer(1, 30));
  await table.overwrite(rows);
  model.rows.clear();
  model.put(rows);
  return `overwrite by ${rows.length} rows`;
}

async function overwritePartitions(pair: Pair): Promise<string> {
  const { random, table, model, isPartitioned } = pair;
  const k = partitionColumn(table);
  if (!isPartitioned || k === undefined) return await append(pair);
  const rows = newRows(random, model, random.integer(1, 4));
  await table.overwrite(rows, { partitionOverwrite: "dynamic" });
  const replaced = new Set(rows.map((row) => row[k]));
  model.delete((row) => replaced.has(row[k]));
  model.put(rows);
  return `overwrite ${replaced.size} partitions`;
}

async function replaceWhere({ random, table, model }: Pair): Promise<string> {
  const { sql, holds } = randomCondition(random, model);
  const rows = newRows(random, model, random.integer(1, 20)).filter(holds);
  await table.overwrite(rows, { replaceWhere: sql });
  model.delete(holds);
  model.put(rows);
  return `replace where ${sql} by ${rows.length} rows`;
}

async function optimize({ random, table, isPartitioned }: Pair): Promise<string> {
  const byOrder = random.next() < 0.3 && !isPartitioned;
  await table.optimize(byOrder ? { zOrderBy: ["id"] } : {});
  return byOrder ? "optimize by z-order" : "optimize";
}

async function checkpoint({ table }: Pair): Promise<string> {
  await table.checkpoint();
  return "checkpoint";
}

async function restore({ random, table, model }: Pair): Promise<string> {
  const version = random.integer(0, table.version);
  await table.restore({ version });
  model.restore(version);
  return `restore version ${version}`;
}

async function addColumn({ random, table, model }: Pair): Promise<string> {
  const name = `c${model.nextId()}`;
  const type = random.pick<DataType>(["integer", "string"]);
  await table.addColumns([{ name, type: new TypeSpec(type, true) }]);
  model.addColumn(name, type);
  return `add column ${name} ${type}`;
}

async function renameColumn(pair: Pair): Promise<string> {
  const { random, table, model, isMapped } = pair;
  if (!isMapped) return await append(pair);
  const { name } = random.pick(model.columns);
  const to = `${name[0]} ${model.nextId()}`;
  await table.renameColumn(name, to);
  model.renameColumn(name, to);
  return `rename column ${name} to ${to}`;
}

async function dropColumn(pair: Pair): Promise<string> {
  const { random, table, model, isMapped } = pair;
  const partition = partitionColumn(table);
  const columns = model.columns.filter(({ name }) => name !== partition);
  if (!isMapped || columns.length < 2) return await append(pair);
  const { name } = random.pick(columns);
  await table.dropColumns([name]);
  model.dropColumn(name);
  return `drop column ${name}`;
}

async function toggleProperty({ random, table }: Pair): Promise<string> {
  const name = random.pick(["delta.enableDeletionVectors", "delta.enableChangeDataFeed"]);
  const value = table.metadata.configuration[name] === "true" ? "false" : "true";
  await table.setProperties({ [name]: value });
  return `set ${name} to ${value}`;
}

async function vacuumDry({ table }: Pair): Promise<string> {
  await table.vacuum({ dryRun: true });
  return "vacuum, dry";
}

function partitionColumn(table: DeltaTable): string | undefined {
  return table.metadata.partitionColumns[0];
}

function newRows(random: Random, model: TableModel, count: number): ModelRow[] {
  return Array.from({ length: count }, () => {
    return { ...randomRow(random, model.schema.fields), id: model.nextId() };
  });
}

function randomRow(random: Random, fields: readonly StructField[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, type }) => [name, randomValue(random, type)]));
}

function randomValue(random: Random, type: DataType): unknown {
  if (random.next() < 0.2) return null;
  return type === "string" ? random.pick(TEXTS) : random.integer(0, 9);
}

/** A change of one column, as SQL and as what it means. */
function randomChange(random: Random, model: TableModel): {
  set: Record<string, string>;
  change: (row: ModelRow) => object;
} {
  const { name, type } = random.pick(model.columns);
  if (random.next() < 0.2) return { set: { [name]: "NULL" }, change: () => ({ [name]: null }) };
  if (type === "string") {
    const text = random.pick(TEXTS);
    const literal = `'${text.replaceAll("'", "''")}'`;
    return { set: { [name]: literal }, change: () => ({ [name]: text }) };
  }
  const next = (value: number | null) => value === null ? null : (value + 1) % 10;
  return {
    set: { [name]: `(\`${name}\` + 1) % 10` },
    change: (row) => ({ [name]: next(row[name] as number | null) }),
  };
}

/** The columns that every table begins with. */
export const FIRST_COLUMNS: Schema = s.struct({
  id: s.long(),
  k: s.string().nullable(),
  n: s.integer().nullable(),
});
