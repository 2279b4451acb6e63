import { refuseUnknownOptions, type Schema, type StaticTable, typeName } from "../../core/mod.ts";
import { refuseModesBut } from "../keyed/refuse_modes.ts";
import type { StatefulOperator, StreamRows } from "../stateful_operator.ts";
import { JoinShape, joinType } from "./join_shape.ts";
import type { JoinedRow, JoinKey } from "./joined_row.ts";
import { loadStaticRows, StaticJoinRun } from "./static_join_run.ts";

/** How a stream is joined with a table. */
export interface JoinStaticOptions<
  Left,
  Right,
  On extends readonly JoinKey<Left, Right>[],
  Type extends "inner" | "leftOuter" = "inner",
> {
  /** `leftOuter`: rows of the stream that match nothing come out too; default `inner`: they do not. */
  readonly type?: Type;
  /** The columns that are equal where rows match. Null equals nothing. */
  readonly on: On;
  /** SQL condition over the joined row that must be true too. */
  readonly where?: string;
}

/**
 * Joins the rows of a stream with a table: each comes out once for every row of the table that it
 * matches, in the order of the stream. The table is read when the query starts and when it is told to
 * refresh it, and a copy is kept in the state, so that a batch that is replayed finds the same rows.
 *
 * It serves every mode. In update mode behind rows that have a key, a row of the stream stands for its
 * key, and so must what comes of it: it may match one row of the table at most, and an inner join gives
 * a delete for a row that matches nothing, with nulls in the table's columns.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../../core/mod.ts";
 * import { joinStatic } from "./join_static.ts";
 *
 * const Order = s.struct({ order_id: s.long(), country: s.string() });
 * const Country = s.struct({ code: s.string(), name: s.string() });
 * const countries = {
 *   name: "countries",
 *   schema: Country,
 *   async *load() {
 *     const batch = new Batch(Country);
 *     batch.append({ code: "PL", name: "Poland" });
 *     yield await Promise.resolve(batch);
 *   },
 * };
 * const named = joinStatic({ schema: Order }, countries, {
 *   type: "leftOuter",
 *   on: [{ left: "country", right: "code" }],
 * });
 * deepEqual(
 *   named.schema.fields.map(({ name, nullable }) => [name, nullable]),
 *   [["order_id", false], ["country", false], ["code", true], ["name", true]],
 * );
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`, `UNKNOWN_OPTION`, `BAD_OPTION`, `BAD_EXPRESSION`;
 * `BAD_SCHEMA` for two columns of one name; `BAD_PIPELINE` for keys that cannot be compared. A batch in
 * update mode fails with `STATIC_ROWS_ALIKE` where a row matches several of the table.
 */
export function joinStatic<
  Left,
  Right,
  const On extends readonly JoinKey<Left, Right>[],
  Type extends "inner" | "leftOuter" = "inner",
>(
  input: StreamRows<Left>,
  table: StaticTable<Right>,
  options: JoinStaticOptions<Left, Right, On, Type>,
): StatefulOperator<JoinedRow<Left, Right, On, Type>> {
  return planStaticJoin(
    input as unknown as StreamRows,
    table as unknown as StaticTable,
    options as unknown as AnyOptions,
  ) as StatefulOperator<unknown> as StatefulOperator<JoinedRow<Left, Right, On, Type>>;
}

type AnyRow = Record<string, unknown>;
type AnyOptions = JoinStaticOptions<
  AnyRow,
  AnyRow,
  readonly JoinKey<AnyRow, AnyRow>[],
  "inner" | "leftOuter"
>;

function planStaticJoin(
  input: StreamRows,
  table: StaticTable,
  options: AnyOptions,
): StatefulOperator {
  const attempted = `join a stream with ${table.name}`;
  refuseUnknownOptions(attempted, options, ["type", "on", "where"]);
  const { on, where } = options;
  const type = joinType(attempted, options.type, ["inner", "leftOuter"]);
  const right: Schema = table.schema;
  const shape = new JoinShape(attempted, input.schema, right, { type, on, where });
  const keyColumns = input.keyColumns ?? [];
  const keys = shape.rightKeys.map(({ name }) => name).join(", ");
  return {
    name: "staticJoin",
    schema: shape.schema,
    eventTime: input.eventTime,
    keyColumns,
    // The copy depends on nothing else, and is made anew by every run.
    stateDescription: `staticJoin on ${keys} of ${typeName(right.type)}`,
    staticTables: [{
      table,
      load: (state, batches) => loadStaticRows(state, batches, right, shape.rightKeys),
    }],
    checkMode: refuseModesBut("joinStatic", ["append", "update", "complete"], ""),
    open: (state, mode) =>
      new StaticJoinRun(state, {
        name: table.name,
        shape,
        right,
        isOuter: type === "leftOuter",
        keyColumns: mode === "update" ? keyColumns : [],
      }),
  };
}
