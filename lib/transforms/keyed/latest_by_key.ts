import {
  Batch,
  type Column,
  Int64Column,
  type OutputMode,
  refuseUnknownOptions,
  type Schema,
  typeName,
} from "../../core/mod.ts";
import { bindPredicate, type Predicate } from "../../sql/mod.ts";
import { groupRows, KeyCodec, RowCodec, type StateTables } from "../../state/mod.ts";
import { type CompareRows, isComparable, rowComparison } from "../aggregate/compare_rows.ts";
import { type InputColumn, inputColumn, unfitColumn } from "../aggregate/input_column.ts";
import type {
  BatchContext,
  OperatorRun,
  StatefulOperator,
  StatefulResult,
  StreamRows,
} from "../stateful_operator.ts";
import { describeColumns, keyColumns } from "./key_columns.ts";
import { splitLate } from "./late_rows.ts";
import { refuseModesBut } from "./refuse_modes.ts";

/** Which row of a key stands. */
export interface LatestByKeyOptions<Row> {
  /** The columns that tell keys apart. Nulls are alike. */
  readonly key: readonly (keyof Row & string)[];
  /**
   * The row with the greatest value in this column stands; of equal ones the later arrival. Null is
   * the least of all.
   */
  readonly orderBy: keyof Row & string;
  /** SQL condition over the row: where it is true, the row says that its key is gone. */
  readonly deleteWhen?: string;
}

/**
 * Keeps of each key the newest row: a table made of its changes. An older row never takes the place of
 * a newer one, whenever it comes; a key that was deleted is remembered, so that an older row does not
 * bring it back.
 *
 * What was deleted is remembered for ever, unless `orderBy` is the event time: then rows behind the
 * watermark are late, and a deleted key is forgotten once the watermark has passed its deletion.
 *
 * In update mode it gives the rows that are new or changed, and as deletes the rows whose keys are
 * gone; in complete mode all rows, in no order to rely on.
 *
 * @example
 * ```ts
 * import { throws } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { latestByKey } from "./latest_by_key.ts";
 *
 * const Change = s.struct({ id: s.long(), op: s.string(), name: s.string(), lsn: s.long() });
 * const users = latestByKey(
 *   { schema: Change },
 *   { key: ["id"], orderBy: "lsn", deleteWhen: "op = 'd'" },
 * );
 * users.checkMode("update");
 * throws(() => users.checkMode("append"), /"update" or "complete"/);
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`, `UNKNOWN_OPTION`; `BAD_OPTION` for no key, or a column of it
 * twice; `BAD_PIPELINE` for a key or an order with maps; `BAD_EXPRESSION` if `deleteWhen` is no condition.
 */
export function latestByKey<Row>(
  input: StreamRows<Row>,
  options: LatestByKeyOptions<Row>,
): StatefulOperator<Row> {
  const attempted = "keep the latest row of each key";
  refuseUnknownOptions(attempted, options, ["key", "orderBy", "deleteWhen"]);
  const schema = input.schema as unknown as Schema;
  const key = keyColumns(schema, options.key, attempted);
  const orderBy = inputColumn(schema, options.orderBy, attempted);
  if (!isComparable(orderBy.type)) throw unfitColumn(attempted, orderBy, "values with an order");
  const isTimed = input.eventTime === options.orderBy;
  const plan: LatestPlan = {
    schema,
    key,
    orderBy: orderBy.index,
    compare: rowComparison(orderBy.type),
    timeColumn: isTimed ? options.orderBy : undefined,
    deleteWhen: options.deleteWhen === undefined
      ? undefined
      : bindPredicate(options.deleteWhen, schema),
  };
  const forgets = isTimed ? " forgetting the deleted" : "";
  return {
    name: "latestByKey",
    schema: input.schema,
    keyColumns: options.key,
    stateDescription: `latestByKey (${describeColumns(key)}) by ${orderBy.name}${forgets} of ` +
      typeName(schema.type),
    checkMode: refuseModesBut(
      "latestByKey",
      ["update", "complete"],
      "a row of it may be followed by a newer one of its key, which append cannot say",
    ),
    open: (state, mode) =>
      new LatestRun(state, mode, plan) as OperatorRun<unknown> as OperatorRun<Row>,
  };
}

interface LatestPlan {
  readonly schema: Schema;
  readonly key: readonly InputColumn[];
  readonly orderBy: number;
  readonly compare: CompareRows;
  /** The event time, if rows are ordered by it. */
  readonly timeColumn: string | undefined;
  readonly deleteWhen: Predicate | undefined;
}

/** What the first byte of an entry says of the row behind it. */
const DELETED = 0;
const STANDS = 1;

class LatestRun implements OperatorRun {
  readonly #table;
  readonly #mode: OutputMode;
  readonly #plan: LatestPlan;
  readonly #keys: KeyCodec;
  readonly #rows: RowCodec;

  constructor(state: StateTables, mode: OutputMode, plan: LatestPlan) {
    this.#table = state.table("latest");
    this.#mode = mode;
    this.#plan = plan;
    this.#keys = new KeyCodec(plan.key.map(({ type }) => type));
    this.#rows = new RowCodec(plan.schema);
  }

  apply([batch]: readonly Batch[], context: BatchContext): StatefulResult {
    const { timeColumn } = this.#plan;
    const { inTime, late } = timeColumn === undefined
      ? { inTime: batch! }
      : splitLate(batch!, [timeColumn], context.lateMicros);
    const changed = this.#change(this.#newestOfEachKey(inTime));
    if (timeColumn !== undefined) this.#table.removeUpTo(context.watermarkMicros);
    return {
      ...(this.#mode === "complete" ? { batch: this.#everyRow() } : changed),
      ...(late === undefined ? {} : { late: [late] }),
    };
  }

  /** Of several changes of a key in one batch only the last counts. */
  #newestOfEachKey(batch: Batch): Batch {
    const { key, orderBy } = this.#plan;
    const groups = groupRows(key.map(({ index }) => batch.columns[index]!), batch.numRows);
    if (groups.numGroups === batch.numRows) return batch;
    const newest = groups.firstRows.slice();
    const order = batch.columns[orderBy]!;
    for (let row = 0; row < batch.numRows; row++) {
      const group = groups.groupOf[row]!;
      if (!this.#isOlder(order, row, order, newest[group]!)) newest[group] = row;
    }
    return batch.take(newest);
  }

  /** Writes the rows that are newer than what is known of their keys. */
  #change(newest: Batch): { readonly batch: Batch; readonly deletes: Batch } {
    const { key, orderBy } = this.#plan;
    const keyColumns = key.map(({ index }) => newest.columns[index]!);
    const isDelete = this.#deletions(newest);
    // What is known of the key at hand: its last row.
    const known = new Batch(this.#plan.schema);
    const order = newest.columns[orderBy]!;
    const knownOrder = known.columns[orderBy]!;
    const changed: number[] = [];
    const gone: number[] = [];
    for (let row = 0; row < newest.numRows; row++) {
      const keyBytes = this.#keys.encode(keyColumns, row);
      const entry = this.#table.get(keyBytes);
      let stood = false;
      if (entry !== undefined) {
        this.#rows.decode(entry.subarray(1), known.columns);
        if (this.#isOlder(order, row, knownOrder, known.numRows - 1)) continue;
        stood = entry[0] === STANDS;
      }
      if (isDelete[row] === 1) {
        this.#table.put(
          keyBytes,
          this.#entry(DELETED, newest, row),
          this.#forgottenAt(newest, row),
        );
        if (stood) gone.push(known.numRows - 1);
      } else {
        this.#table.put(keyBytes, this.#entry(STANDS, newest, row));
        changed.push(row);
      }
    }
    return {
      batch: changed.length === newest.numRows ? newest : newest.take(Int32Array.from(changed)),
      deletes: known.take(Int32Array.from(gone)),
    };
  }

  /** True if a row comes before another in the order of the table; null is the least of all. */
  #isOlder(order: Column, row: number, otherOrder: Column, other: number): boolean {
    const isNull = order.isNull(row);
    if (isNull || otherOrder.isNull(other)) return isNull && !otherOrder.isNull(other);
    return this.#plan.compare(order, row, otherOrder, other) < 0;
  }

  /** One byte a row: 1 where the row says that its key is gone. */
  #deletions(batch: Batch): Uint8Array {
    const isDelete = new Uint8Array(batch.numRows);
    for (const row of this.#plan.deleteWhen?.select(batch) ?? []) isDelete[row] = 1;
    return isDelete;
  }

  /** When the watermark passes it, every older row is late: there is nothing left to keep out. */
  #forgottenAt(batch: Batch, row: number): bigint | undefined {
    if (this.#plan.timeColumn === undefined) return undefined;
    const times = batch.columns[this.#plan.orderBy];
    return times instanceof Int64Column && !times.isNull(row) ? times.values[row] : undefined;
  }

  #entry(kind: number, batch: Batch, row: number): Uint8Array {
    const bytes = this.#rows.encode(batch.columns, row);
    const entry = new Uint8Array(1 + bytes.length);
    entry[0] = kind;
    entry.set(bytes, 1);
    return entry;
  }

  #everyRow(): Batch {
    const all = new Batch(this.#plan.schema);
    for (const { value } of this.#table.entries()) {
      if (value[0] === STANDS) this.#rows.decode(value.subarray(1), all.columns);
    }
    return all;
  }
}
