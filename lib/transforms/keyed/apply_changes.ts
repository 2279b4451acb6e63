import {
  badOption,
  Batch,
  type BooleanColumn,
  CHANGE_COLUMNS,
  type Column,
  createColumn,
  type ListColumn,
  refuseUnknownOptions,
  Schema,
  SluiceError,
  unavailableColumn,
} from "../../core/mod.ts";
import { groupRows, type RowGroups } from "../../state/mod.ts";
import { type CompareRows, isComparable, rowComparison } from "../aggregate/compare_rows.ts";
import { type InputColumn, inputColumn, unfitColumn } from "../aggregate/input_column.ts";
import { plainField } from "../rows/select_columns.ts";
import type {
  OperatorRun,
  StatefulOperator,
  StatefulResult,
  StreamRows,
} from "../stateful_operator.ts";
import { describeColumns, keyColumns } from "./key_columns.ts";
import { refuseModesBut } from "./refuse_modes.ts";

/** How changes become what a table is to hold. */
export interface ApplyChangesOptions<
  Row,
  Order extends keyof Row & string = never,
  Kept extends "drop" | "keep" = "drop",
> {
  /** The columns that tell the table's rows apart; they are never null. */
  readonly key: readonly (keyof Row & string)[];
  /**
   * The change with the greatest value in this column is the newest; of equal ones the later to come,
   * and null is the least of all. It is kept, so that sinks can have it as their `orderBy` too.
   * Default: the last to come is the newest.
   */
  readonly orderBy?: Order;
  /**
   * What becomes of the columns that tell of the change: `__op`, `__source_ts`, `__position` and
   * `__deleted`. Default: `drop`.
   */
  readonly changeColumns?: Kept;
}

/** A row without the columns that tell of its change, but for the one it is ordered by. */
export type AppliedRow<Row, Order extends string, Kept extends "drop" | "keep"> = Kept extends
  "keep" ? Row
  : Omit<Row, Exclude<ToldOfChange, Order>>;

/** The columns that tell of a change, not of the row. */
export type ToldOfChange = "__op" | "__source_ts" | "__position" | "__deleted";

const ATTEMPTED = "apply changes";
const { op, sourceTs, position, deleted, unavailable } = CHANGE_COLUMNS;
const TOLD_OF_CHANGE: readonly string[] = [op, sourceTs, position, deleted];

/**
 * Makes of changes what they do to a table: of each key the newest in a batch, as the row to be
 * written or the row to be taken away. Nothing is remembered from batch to batch.
 *
 * Where a value of the newest change did not come (`__unavailable`), it is taken from the change of the
 * key before it in the batch, if that has it. Otherwise the column stays in the list, and sinks that
 * keep a table by key leave what they have there. What is made of such a column behind the operator is
 * made of null.
 *
 * @example
 * ```ts
 * import { equal, throws } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { applyChanges } from "./apply_changes.ts";
 *
 * const Change = s.struct({ id: s.long(), name: s.string(), __op: s.string(), __deleted: s.boolean() });
 * const users = applyChanges({ schema: Change }, { key: ["id"] });
 * equal(users.schema.fields.map(({ name }) => name).join(", "), "id, name");
 * throws(() => users.checkMode("append"), /wanted "update"/);
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`, `UNKNOWN_OPTION`; `BAD_OPTION` for no key, or a column of it
 * twice; `BAD_PIPELINE` if there is no boolean column `__deleted`, for a key or an order with maps, and
 * for other modes than update. From a batch, `NULL_KEY`.
 */
export function applyChanges<
  Row,
  Order extends keyof Row & string = never,
  Kept extends "drop" | "keep" = "drop",
>(
  input: StreamRows<Row>,
  options: ApplyChangesOptions<Row, Order, Kept>,
): StatefulOperator<AppliedRow<Row, Order, Kept>> {
  refuseUnknownOptions(ATTEMPTED, options, ["key", "orderBy", "changeColumns"]);
  const { changeColumns = "drop" } = options;
  if (changeColumns !== "drop" && changeColumns !== "keep") {
    throw badOption(ATTEMPTED, "changeColumns", JSON.stringify(changeColumns), "drop or keep");
  }
  const schema = input.schema as unknown as Schema;
  const key = keyColumns(schema, options.key, ATTEMPTED);
  const order = options.orderBy === undefined ? undefined : orderOf(schema, options.orderBy);
  const kept = [...schema.fields.entries()].filter(([, { name }]) =>
    changeColumns === "keep" || name === options.orderBy || !TOLD_OF_CHANGE.includes(name)
  );
  const list = unavailableColumn(schema);
  const plan: ChangePlan = {
    input: schema,
    output: new Schema(kept.map(([, field]) => plainField(field))),
    kept: kept.map(([index]) => index),
    key,
    deleted: deletedColumn(schema),
    unavailable: list === undefined ? undefined : schema.fields.indexOf(list),
    order,
  };
  return {
    name: "applyChanges",
    schema: plan.output as unknown as Schema<AppliedRow<Row, Order, Kept>>,
    keyColumns: options.key,
    stateDescription: `applyChanges (${describeColumns(key)}), which remembers nothing`,
    checkMode: refuseModesBut(
      "applyChanges",
      ["update"],
      'append cannot say that a row was changed, and for the whole table use latestByKey with "__deleted"',
    ),
    open: () => new ApplyRun(plan) as OperatorRun<unknown> as OperatorRun<never>,
  };
}

interface ChangePlan {
  readonly input: Schema;
  readonly output: Schema;
  /** The columns of the input that are passed on. */
  readonly kept: readonly number[];
  readonly key: readonly InputColumn[];
  readonly deleted: number;
  /** The column that lists those without a value of their own. */
  readonly unavailable: number | undefined;
  readonly order: { readonly column: number; readonly compare: CompareRows } | undefined;
}

class ApplyRun implements OperatorRun {
  readonly #plan: ChangePlan;

  constructor(plan: ChangePlan) {
    this.#plan = plan;
  }

  apply([batch]: readonly Batch[]): StatefulResult {
    const changes = new KeyedChanges(this.#plan, batch!);
    const written: number[] = [];
    const gone: number[] = [];
    const { values } = batch!.columns[this.#plan.deleted] as BooleanColumn;
    for (const row of changes.newest) (values[row] === 1 ? gone : written).push(row);
    return { batch: changes.take(written), deletes: changes.take(gone) };
  }
}

/** The changes of a batch, by key. */
class KeyedChanges {
  /** The newest change of each key. */
  readonly newest: Int32Array;
  readonly #plan: ChangePlan;
  readonly #batch: Batch;
  readonly #groups: RowGroups;
  #rowsByGroup: ReturnType<RowGroups["byGroup"]> | undefined;

  constructor(plan: ChangePlan, batch: Batch) {
    this.#plan = plan;
    this.#batch = batch;
    const key = plan.key.map(({ index }) => batch.columns[index]!);
    refuseNulls(plan.key, key);
    this.#groups = groupRows(key, batch.numRows);
    const { groupOf, firstRows } = this.#groups;
    this.newest = firstRows.slice();
    for (let row = 0; row < batch.numRows; row++) {
      const group = groupOf[row]!;
      if (!this.#isOlder(row, this.newest[group]!)) this.newest[group] = row;
    }
  }

  /** These changes, in this order, with the values that they lack taken from those before them. */
  take(rows: readonly number[]): Batch {
    const { kept, output, unavailable } = this.#plan;
    const { columns } = this.#batch;
    const filled = this.#filled(rows);
    const taken = kept.map((index) => {
      if (filled === undefined) return columns[index]!.take(Int32Array.from(rows));
      if (index === unavailable) return filled.unavailable;
      return columns[index]!.take(filled.rowsOf.get(index) ?? Int32Array.from(rows));
    });
    return new Batch(output, 0, taken);
  }

  /** Where the values come from that some of the rows lack; `undefined` if no row lacks any. */
  #filled(rows: readonly number[]): FilledRows | undefined {
    const { input, unavailable } = this.#plan;
    const lists = unavailable === undefined ? undefined : this.#batch.columns[unavailable];
    if (lists === undefined || (lists as ListColumn).elements.length === 0) return undefined;
    const rowsOf = new Map<number, Int32Array>();
    const left = createColumn(lists.type, rows.length);
    for (const [place, row] of rows.entries()) {
      const missing: string[] = [];
      for (const name of namesAt(lists, row)) {
        const column = input.fields.findIndex((field) => field.name === name);
        const from = column < 0 ? undefined : this.#before(row, name, lists);
        if (from === undefined) {
          missing.push(name);
          continue;
        }
        if (!rowsOf.has(column)) rowsOf.set(column, Int32Array.from(rows));
        rowsOf.get(column)![place] = from;
      }
      left.append(missing);
    }
    return { rowsOf, unavailable: left };
  }

  /** The change of the same key before a row that has a value in a column; none from before a delete. */
  #before(row: number, name: string, lists: Column): number | undefined {
    const isGone = (this.#batch.columns[this.#plan.deleted] as BooleanColumn).values;
    for (const earlier of this.#earlierThan(row)) {
      if (isGone[earlier] === 1) return undefined;
      if (!namesAt(lists, earlier).includes(name)) return earlier;
    }
    return undefined;
  }

  /** The older changes of the key of a row, the newest first. */
  #earlierThan(row: number): number[] {
    const { rows, starts } = this.#rowsByGroup ??= this.#groups.byGroup();
    const group = this.#groups.groupOf[row]!;
    return [...rows.subarray(starts[group]!, starts[group + 1]!)]
      .filter((other) => other !== row)
      .sort((a, b) => this.#isOlder(a, b) ? 1 : this.#isOlder(b, a) ? -1 : b - a);
  }

  /** True if a change is older than another by the order; never if there is none. */
  #isOlder(row: number, other: number): boolean {
    const { order } = this.#plan;
    if (order === undefined) return false;
    const column = this.#batch.columns[order.column]!;
    const isNull = column.isNull(row);
    if (isNull || column.isNull(other)) return isNull && !column.isNull(other);
    return order.compare(column, row, column, other) < 0;
  }
}

/** Rows with values of others in some columns. */
interface FilledRows {
  /** By column: the row that each value is of. */
  readonly rowsOf: ReadonlyMap<number, Int32Array>;
  /** What is still not there. */
  readonly unavailable: Column;
}

function namesAt(lists: Column, row: number): readonly string[] {
  return lists.get(row) as string[] | null ?? [];
}

function refuseNulls(key: readonly InputColumn[], columns: readonly Column[]): void {
  for (const [i, column] of columns.entries()) {
    if (column.nullCount === 0) continue;
    throw new SluiceError("NULL_KEY", {
      attempted: ATTEMPTED,
      where: `column "${key[i]!.name}" of the key`,
      found: "null",
      wanted: "a value in every change",
      hint:
        "name as key the columns of the table's primary key, or leave such changes out with where",
    });
  }
}

function deletedColumn(schema: Schema): number {
  const index = schema.fields.findIndex((field) => field.name === deleted);
  if (schema.fields[index]?.type === "boolean") return index;
  throw new SluiceError("BAD_PIPELINE", {
    attempted: ATTEMPTED,
    found: `columns ${schema.fields.map((field) => field.name).join(", ")}`,
    wanted: `a boolean column "${deleted}", true where a row is gone`,
    hint:
      `decode change events with debezium, or add it with withColumn; "${unavailable}" may list ` +
      "columns without a value",
  });
}

function orderOf(schema: Schema, name: string): NonNullable<ChangePlan["order"]> {
  const column = inputColumn(schema, name, ATTEMPTED);
  if (!isComparable(column.type)) throw unfitColumn(ATTEMPTED, column, "values with an order");
  return { column: column.index, compare: rowComparison(column.type) };
}
