import { refuseUnknownOptions, SluiceError } from "../../../core/mod.ts";
import { bindPredicate } from "../../../sql/mod.ts";
import { constraintProperty } from "../../protocol/table_properties.ts";
import type { TableState } from "../../table_state.ts";
import { type AlterResult, alterTable } from "./alter_table.ts";
import { checkRows } from "./check_rows.ts";

/** How to drop a constraint. */
export interface DropConstraintOptions {
  /** True: one that is not there is no error. */
  readonly ifExists?: boolean;
}

/**
 * Adds a `CHECK` constraint: an expression that has to be true of every row, those that the table has
 * and those to come. Its name is the same in any case.
 *
 * @throws {SluiceError} `BAD_OPTION` for an empty name; `CONSTRAINT_EXISTS`; `BAD_EXPRESSION`;
 * `CONSTRAINT_VIOLATED` naming a row; and what `alterTable` and `readDataFile` throw.
 *
 * @example
 * ```ts
 * import { rejects } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { addConstraint } from "./alter_constraints.ts";
 * import { appendRows } from "../write/append.ts";
 * import { createTable } from "./create_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * await addConstraint(table, "positive", "id > 0");
 * await rejects(appendRows(table, [{ id: -1n }]), { code: "CONSTRAINT_VIOLATED" });
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function addConstraint(
  state: TableState,
  name: string,
  expression: string,
): Promise<AlterResult> {
  const attempted = `add constraint "${name}" to Delta table ${state.path}`;
  if (name.trim() === "") {
    throw new SluiceError("BAD_OPTION", { attempted, found: "no name", wanted: "a name" });
  }
  return await alterTable(state, async (snapshot) => {
    const { configuration } = snapshot.metadata;
    const property = constraintProperty(name);
    const existing = configuration[property];
    if (existing !== undefined) {
      throw new SluiceError("CONSTRAINT_EXISTS", {
        attempted,
        where: state.path,
        found: `a constraint of that name: ${existing}`,
        hint: "drop it first, or choose another name",
      });
    }
    const predicate = bindPredicate(expression, snapshot.schema);
    await checkRows(state.layout(), snapshot.files(), {
      attempted,
      wanted: expression,
      columns: [...new Set(predicate.columns.map(({ path }) => path[0] ?? ""))],
      firstBad(batch) {
        const good = predicate.select(batch);
        const row = good.findIndex((row, i) => row !== i);
        if (row >= 0) return row;
        return good.length < batch.numRows ? good.length : undefined;
      },
    });
    return {
      operation: "ADD CONSTRAINT",
      parameters: { name, expr: expression },
      change: { configuration: { ...configuration, [property]: expression } },
      readsTable: true,
    };
  });
}

/**
 * Drops a `CHECK` constraint.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`; `CONSTRAINT_NOT_FOUND`, unless `ifExists`; and what
 * `alterTable` throws.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { addConstraint, dropConstraint } from "./alter_constraints.ts";
 * import { createTable } from "./create_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * await addConstraint(table, "positive", "id > 0");
 * equal((await dropConstraint(table, "positive")).version, 2);
 * equal((await dropConstraint(table, "positive", { ifExists: true })).version, undefined);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function dropConstraint(
  state: TableState,
  name: string,
  options: DropConstraintOptions = {},
): Promise<AlterResult> {
  const attempted = `drop constraint "${name}" of Delta table ${state.path}`;
  refuseUnknownOptions(attempted, options, ["ifExists"]);
  return await alterTable(state, ({ metadata }) => {
    const property = constraintProperty(name);
    const { [property]: expression, ...configuration } = metadata.configuration;
    if (expression === undefined && options.ifExists !== true) {
      throw new SluiceError("CONSTRAINT_NOT_FOUND", {
        attempted,
        where: state.path,
        found: "no constraint of that name",
        hint: "set ifExists if it need not be there",
      });
    }
    return {
      operation: "DROP CONSTRAINT",
      parameters: { name, ...(expression === undefined ? {} : { expr: expression }) },
      change: { configuration },
    };
  });
}
