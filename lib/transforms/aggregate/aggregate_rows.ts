import { describeValue, isRecord, Schema, SluiceError } from "../../core/mod.ts";
import type { StatefulOperator, StreamRows } from "../stateful_operator.ts";
import type { AggregatedRow, GroupKey } from "./aggregate_row.ts";
import { type AggregatePlan, AggregateRun } from "./aggregate_run.ts";
import type { Aggregates } from "./aggregate_spec.ts";
import { bindAggregate } from "./bind_aggregate.ts";
import { bindGroupKeys, cannotClose, describeKeys } from "./group_keys.ts";

/**
 * Groups rows by keys and makes aggregates of each group, over all batches. Without keys all rows are
 * one group, which is there even if it has no row.
 *
 * | output mode | a batch has | groups are kept |
 * | --- | --- | --- |
 * | append | each group once, when the watermark has passed its end | until then |
 * | update | the groups that rows came into; of a session that grew, the row before is deleted | until then, if there is a watermark |
 * | complete | all groups | for ever |
 *
 * The end of a group is that of its window, or the event time itself where that is a key; where it is
 * null the group never ends. A row is late if the groups that it belongs to have all ended; of a
 * sliding window it may be late for some and count in others. All of it as in Spark, and more: distinct
 * counts, and sessions in update mode or without other keys. Given the same rows in the same order,
 * none of them late, the final rows are the same however they were cut into batches.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { aggregateRows, count, sum, window } from "../mod.ts";
 * import { schema as s } from "../../core/mod.ts";
 *
 * const Trade = s.struct({ symbol: s.string(), at: s.timestamp(), price: s.decimal(9, 2) });
 * const perMinute = aggregateRows(
 *   { schema: Trade, eventTime: "at" },
 *   ["symbol", window("at", "1 minute")],
 *   { trades: count(), total: sum("price") },
 * );
 * deepEqual(perMinute.keyColumns, ["symbol", "window"]);
 * deepEqual(perMinute.schema.fields.map(({ name }) => name), ["symbol", "window", "trades", "total"]);
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_PIPELINE` for keys and aggregates that the types of
 * their columns do not allow, for two windows, and for no aggregate; `BAD_SCHEMA` for two columns of
 * one name. From `apply`, `BAD_VALUE` for a result that its type cannot hold, naming the group.
 */
export function aggregateRows<
  Row,
  const Keys extends readonly GroupKey<Row>[],
  Aggs extends Aggregates<Row>,
>(
  input: StreamRows<Row>,
  keys: Keys,
  aggregates: Aggs,
): StatefulOperator<AggregatedRow<Row, Keys, Aggs>> {
  const rows = input as unknown as StreamRows;
  const plan = planAggregation(
    rows,
    keys as readonly GroupKey<Record<string, unknown>>[],
    aggregates,
  );
  const keyTexts = describeKeys(plan.keys);
  const aggregateTexts = plan.aggregates.map(({ description }) => description).join(", ");
  const isSession = plan.keys.window?.spec.kind === "session";
  const operator: StatefulOperator = {
    name: isSession ? "sessionWindowStateStoreSaveExec" : "stateStoreSave",
    schema: plan.schema,
    eventTime: plan.keys.eventTime,
    keyColumns: plan.keys.fields.map(({ name }) => name),
    stateDescription: `aggregate by (${keyTexts}): ${aggregateTexts}`,
    checkMode(mode) {
      if (mode === "append" && plan.keys.eventTime === undefined) {
        throw cannotClose(rows, plan.keys);
      }
    },
    open: (state, mode) => new AggregateRun(plan, state, mode),
  };
  return operator as StatefulOperator<AggregatedRow<Row, Keys, Aggs>>;
}

function planAggregation(
  input: StreamRows,
  keys: readonly GroupKey<Record<string, unknown>>[],
  specs: Aggregates<Record<string, unknown>>,
): AggregatePlan {
  const bound = bindGroupKeys(input, keys);
  refuseOtherThanAggregates(specs);
  const named = Object.entries(specs).map(([name, spec]) => ({
    name,
    aggregate: bindAggregate(input.schema, name, spec),
  }));
  if (named.length === 0) {
    throw new SluiceError("BAD_PIPELINE", {
      attempted: "aggregate rows",
      found: "no aggregate",
      wanted: "one or more, as { trades: count() }",
    });
  }
  const fields = named.map(({ name, aggregate }) => ({
    name,
    type: aggregate.type,
    nullable: aggregate.nullable || (keys.length === 0 && aggregate.nullIfEmpty),
    sourceName: name,
  }));
  return {
    keys: bound,
    aggregates: named.map(({ aggregate }) => aggregate),
    schema: new Schema([...bound.fields, ...fields]),
  };
}

function refuseOtherThanAggregates(specs: unknown): void {
  const isAggregate = (spec: unknown) => isRecord(spec) && Array.isArray(spec.columns);
  if (isRecord(specs) && Object.values(specs).every(isAggregate)) return;
  throw new SluiceError("BAD_PIPELINE", {
    attempted: "aggregate rows",
    found: isAggregate(specs) ? "an aggregate without a name" : describeValue(specs),
    wanted: "names with their aggregates, as { trades: count() }",
  });
}
