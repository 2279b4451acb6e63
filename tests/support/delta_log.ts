import { alterTable } from "../../lib/delta/commands/define/alter_table.ts";
import { type Action, DeltaTable } from "../../lib/delta/mod.ts";
import { parseFields } from "../../lib/delta/protocol/schema_json.ts";
import type { TableState } from "../../lib/delta/table_state.ts";

/** The actions of a version of a table, as its file has them. */
export async function actionsOf(path: string, version: number): Promise<Action[]> {
  const name = `${String(version).padStart(20, "0")}.json`;
  const text = await Deno.readTextFile(`${path}/_delta_log/${name}`);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** The data files in a table's folder, those that no commit names too; without the log. */
export async function filesBelow(path: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (name === "_delta_log") continue;
    if (!isDirectory) files.push(name);
    else files.push(...(await filesBelow(`${path}/${name}`)).map((file) => `${name}/${file}`));
  }
  return files.sort();
}

/**
 * Commits a metadata in which fields at the top of a table's schema have more metadata of their own,
 * as another engine may give them: defaults, generation expressions.
 */
export async function alterFields(
  state: TableState,
  additions: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Promise<void> {
  await alterTable(state, ({ metadata }) => ({
    operation: "CHANGE COLUMN",
    parameters: {},
    change: {
      fields: parseFields(metadata.schemaString, state.path).map((field) => ({
        ...field,
        metadata: { ...field.metadata, ...additions[field.name] },
      })),
    },
  }));
}

/** All rows of a table as a fresh reader finds them, in the order of one of its columns. */
export async function rowsOf(path: string, orderBy: string): Promise<Record<string, unknown>[]> {
  const table = await DeltaTable.open(path);
  const rows = await Array.fromAsync(table.rows());
  return rows.sort((a, b) => compare(a[orderBy], b[orderBy]));
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "bigint" && typeof b === "bigint") return a < b ? -1 : a > b ? 1 : 0;
  return Number(a) - Number(b);
}
