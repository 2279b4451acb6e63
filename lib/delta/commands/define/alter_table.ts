import { SluiceError } from "../../../core/mod.ts";
import type { Snapshot } from "../../log/snapshot.ts";
import type { Action } from "../../protocol/actions.ts";
import { isTrue } from "../../protocol/table_properties.ts";
import { columnMappingMode } from "../../protocol/table_features.ts";
import type { TableState } from "../../table_state.ts";
import { runOperation } from "../../transactions/run_operation.ts";
import { changedTable, type TableChange } from "./changed_table.ts";

/** What a change of a table's columns, properties or constraints came to. */
export interface AlterResult {
  /** The version that it made; `undefined` if the table was so already. */
  readonly version: number | undefined;
}

/** A change of what a table is. */
export interface Alteration {
  /** Spark's name for it: `ADD COLUMNS`, `SET TBLPROPERTIES`, … */
  readonly operation: string;
  /** What it was told, as Spark notes it. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What changes. */
  readonly change: TableChange;
  /** Files that are to be noted anew along with it. */
  readonly actions?: readonly Action[];
  /** True if it depends on the table's rows, so that nobody else may change them meanwhile. */
  readonly readsTable?: boolean;
}

/**
 * Commits a change of what a table is; `plan` finds it from the newest version, and is asked again if
 * another commit came first.
 *
 * @throws {SluiceError} `BAD_SCHEMA`, `BAD_PARTITION_COLUMNS` or `BAD_PROPERTY` for what a table cannot
 * be; `UNSUPPORTED_FEATURE`; `CONCURRENT_WRITES` or `COMMIT_UNKNOWN`, which are retryable; and what
 * reading and writing the log throws.
 */
export async function alterTable(
  state: TableState,
  plan: (snapshot: Snapshot) => Promise<Alteration> | Alteration,
): Promise<AlterResult> {
  return await runOperation<AlterResult>(state, async (snapshot) => {
    const { operation, parameters, change, actions = [], readsTable = false } = await plan(
      snapshot,
    );
    const changes = changedTable(snapshot, change).actions;
    if (changes.length === 0) return { nothingToDo: { version: undefined } };
    return {
      transaction: {
        operation,
        operationParameters: parameters,
        actions: [...changes, ...actions],
        reads: readsTable ? wholeTable(snapshot) : { kind: "nothing" },
      },
      result: (version) => ({ version }),
      discard: () => Promise.resolve(),
    };
  });
}

/**
 * Refuses a change of columns that the table's files could not follow.
 *
 * @throws {SluiceError} `FEATURE_OFF` naming the property that allows it.
 */
export function requireColumnMapping({ metadata, location }: Snapshot, attempted: string): void {
  if (columnMappingMode(metadata) !== "none") return;
  throw featureOff(attempted, location, "delta.columnMapping.mode", "name");
}

/**
 * Refuses a change of type that the table does not allow.
 *
 * @throws {SluiceError} `FEATURE_OFF` naming the property that allows it.
 */
export function requireTypeWidening({ metadata, location }: Snapshot, attempted: string): void {
  if (isTrue(metadata.configuration, "delta.enableTypeWidening")) return;
  throw featureOff(attempted, location, "delta.enableTypeWidening", "true");
}

function wholeTable(snapshot: Snapshot) {
  return {
    kind: "files",
    paths: new Set(Array.from(snapshot.files(), ({ path }) => path)),
    wouldRead: () => true,
  } as const;
}

function featureOff(
  attempted: string,
  where: string,
  property: string,
  value: string,
): SluiceError {
  return new SluiceError("FEATURE_OFF", {
    attempted,
    where,
    found: `a table without ${property}`,
    wanted: `${property} = ${value}`,
    hint: `set the property first: setProperties({ "${property}": "${value}" })`,
  });
}
