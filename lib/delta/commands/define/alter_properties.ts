import { refuseUnknownOptions, SluiceError } from "../../../core/mod.ts";
import type { Snapshot } from "../../log/snapshot.ts";
import type { Action } from "../../protocol/actions.ts";
import { checkProperties } from "../../protocol/check_properties.ts";
import { CONSTRAINTS, isTrue, type TableProperties } from "../../protocol/table_properties.ts";
import type { TableState } from "../../table_state.ts";
import { type AlterResult, alterTable } from "./alter_table.ts";

/** How to unset properties. */
export interface UnsetPropertiesOptions {
  /** True: one that is not there is no error. */
  readonly ifExists?: boolean;
}

/**
 * Sets properties of a table. One that needs a feature gives it to the table for good, and with it a
 * protocol that fewer clients may know; `delta.feature.X = supported` does that alone.
 *
 * @throws {SluiceError} `BAD_PROPERTY` naming a property that is not kept to here, a value it cannot
 * have, or one that cannot be changed any more; and what `alterTable` throws.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { setProperties } from "./alter_properties.ts";
 * import { createTable } from "./create_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * await setProperties(table, { "delta.columnMapping.mode": "name" });
 * equal(table.snapshot.protocol.minReaderVersion, 2);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function setProperties(
  state: TableState,
  properties: Readonly<Record<string, string>>,
): Promise<AlterResult> {
  checkProperties(properties, "set");
  return await alterTable(state, (snapshot) => {
    const before = snapshot.metadata.configuration;
    const configuration = { ...before, ...properties };
    const beginsToTrack = tracksRows(configuration) && !tracksRows(before);
    return {
      operation: "SET TBLPROPERTIES",
      parameters: { properties: JSON.stringify(properties) },
      change: { configuration },
      actions: beginsToTrack ? filesWithoutRowIds(snapshot) : [],
      // A file that another commit removes meanwhile must not come back, nor one that it adds stay
      // without ids.
      readsTable: beginsToTrack,
    };
  });
}

/**
 * Takes properties away; what has a default has that again. Features stay.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`; `PROPERTY_NOT_FOUND`, unless `ifExists`; `BAD_PROPERTY` for
 * one that the table cannot be without; and what `alterTable` throws.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { unsetProperties } from "./alter_properties.ts";
 * import { createTable } from "./create_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const properties = { "delta.appendOnly": "true", owner: "trading desk" };
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }), properties });
 * await unsetProperties(table, ["delta.appendOnly"]);
 * deepEqual(table.snapshot.metadata.configuration, { owner: "trading desk" });
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function unsetProperties(
  state: TableState,
  names: readonly string[],
  options: UnsetPropertiesOptions = {},
): Promise<AlterResult> {
  const attempted = `unset properties of Delta table ${state.path}`;
  refuseUnknownOptions(attempted, options, ["ifExists"]);
  const { ifExists = false } = options;
  return await alterTable(state, ({ metadata }) => {
    const configuration: Record<string, string> = { ...metadata.configuration };
    for (const name of names) {
      refuseKeptProperty(name, attempted);
      if (!(name in configuration) && !ifExists) {
        throw new SluiceError("PROPERTY_NOT_FOUND", {
          attempted,
          where: `property "${name}"`,
          found: "no such property",
          hint: "set ifExists if it need not be there",
        });
      }
      delete configuration[name];
    }
    return {
      operation: "UNSET TBLPROPERTIES",
      parameters: { properties: JSON.stringify(names), ifExists },
      change: { configuration },
    };
  });
}

function tracksRows(properties: TableProperties): boolean {
  return isTrue(properties, "delta.enableRowTracking");
}

/** Files written before row tracking; added anew, so that their rows get ids. */
function filesWithoutRowIds(snapshot: Snapshot): Action[] {
  return Array.from(snapshot.files())
    .filter(({ baseRowId }) => baseRowId === undefined)
    .map((file) => ({ add: { ...file, dataChange: false } }));
}

function refuseKeptProperty(name: string, attempted: string): void {
  const isConstraint = name.startsWith(CONSTRAINTS);
  const isKept = name === "delta.columnMapping.maxColumnId" ||
    name.startsWith("delta.inCommitTimestampEnablement") ||
    name.startsWith("delta.rowTracking.materialized");
  if (!isConstraint && !isKept) return;
  throw new SluiceError("BAD_PROPERTY", {
    attempted,
    where: `property "${name}"`,
    found: isConstraint ? "a constraint" : "a property that writers keep by themselves",
    wanted: isConstraint ? "dropConstraint" : "it to stay",
  });
}
