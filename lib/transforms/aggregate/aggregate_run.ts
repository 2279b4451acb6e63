import {
  Batch,
  describeValue,
  formatTimestampMicros,
  type OutputMode,
  type Schema,
  SluiceError,
} from "../../core/mod.ts";
import {
  ByteReader,
  ByteWriter,
  KeyCodec,
  type StateEntry,
  type StateTable,
  type StateTables,
} from "../../state/mod.ts";
import type { BatchContext, OperatorRun, StatefulResult } from "../stateful_operator.ts";
import { groupBySession, keptSession } from "../windows/group_by_session.ts";
import { groupByWindow } from "../windows/group_by_window.ts";
import type { WindowRow } from "../windows/window_spec.ts";
import type { Accumulator, Aggregate, OpenAggregate } from "./accumulator.ts";
import { groupByColumns } from "./group_by_columns.ts";
import type { GroupKeys } from "./group_keys.ts";
import type { Group, Grouping, KeptGroup } from "./grouping.ts";
import { isSameKey, timeOfKey } from "./key_with.ts";

/** What an aggregation is, with its types settled. */
export interface AggregatePlan {
  /** What rows are grouped by. */
  readonly keys: GroupKeys;
  /** What is made of each group, in the order of the result's columns behind the keys. */
  readonly aggregates: readonly Aggregate[];
  /** The result: keys, then aggregates. */
  readonly schema: Schema;
}

/** What a group is in the result: found by a key, and of a window if there is one. */
type ResultGroup = Pick<KeptGroup, "key" | "window">;

/**
 * An aggregation at work. The table `groups` has an entry for each group, with what its aggregates
 * know one behind the other, and the end of its window as its time; before that a session has its
 * window, whose end changes.
 *
 *     rows -> groups, each with what is kept of it -> accumulators -> state and result
 */
export class AggregateRun implements OperatorRun {
  readonly #plan: AggregatePlan;
  readonly #mode: OutputMode;
  readonly #table: StateTable;
  readonly #grouping: Grouping;
  readonly #aggregates: readonly OpenAggregate[];
  readonly #keyCodec: KeyCodec;

  /** Takes up the state. */
  constructor(plan: AggregatePlan, state: StateTables, mode: OutputMode) {
    const { keys } = plan;
    const spec = keys.window?.spec;
    this.#plan = plan;
    this.#mode = mode;
    this.#table = state.table("groups");
    this.#aggregates = plan.aggregates.map((aggregate, i) => aggregate.open(state, String(i)));
    this.#keyCodec = new KeyCodec(keys.columns.map((column) => column.type));
    this.#grouping = spec === undefined
      ? groupByColumns(keys, this.#table)
      : spec.kind === "window"
      ? groupByWindow(keys, spec, this.#table)
      : groupBySession(keys, spec, this.#table);
  }

  /** Makes the rows of a batch. */
  apply([batch]: readonly Batch[], context: BatchContext): StatefulResult {
    const grouped = this.#grouping.group(batch!, this.#lateMicros(context));
    const { groups, late } = grouped;
    const deletes = this.#mode === "update" && this.#isSession
      ? this.#render(groups.flatMap(replacedSessions), context)
      : undefined;

    const accumulators = this.#accumulate(groups, context);
    for (const { groups, rows } of grouped.members()) {
      for (const accumulator of accumulators) accumulator.add(batch!, groups, rows);
    }
    groups.forEach(({ key, kept }, i) => {
      for (const group of kept) {
        this.#merge(accumulators, i, group);
        if (!isSameKey(group.key, key)) this.#table.remove(group.key);
      }
    });
    this.#save(groups, accumulators);

    return {
      batch: this.#result(groups, accumulators, context),
      ...(deletes === undefined || deletes.numRows === 0 ? {} : { deletes }),
      ...(late.length === 0 ? {} : { late: [batch!.take(late)] }),
    };
  }

  get #isSession(): boolean {
    return this.#plan.keys.window?.spec.kind === "session";
  }

  /**
   * As in Spark, in complete mode no group is ever closed; but rows come too late for sessions
   * there too.
   */
  #lateMicros({ lateMicros }: BatchContext): bigint | undefined {
    if (this.#plan.keys.eventTime === undefined) return undefined;
    return this.#mode === "complete" && !this.#isSession ? undefined : lateMicros;
  }

  #accumulate(groups: readonly ResultGroup[], { batchId }: BatchContext): Accumulator[] {
    const keys = groups.map(({ key }) => key);
    return this.#aggregates.map((aggregate) => aggregate.accumulate(keys, batchId));
  }

  #merge(accumulators: readonly Accumulator[], group: number, { key, value }: KeptGroup): void {
    const state = new ByteReader(value);
    if (this.#isSession) {
      state.int64();
      state.int64();
    }
    for (const accumulator of accumulators) accumulator.merge(group, state, key);
  }

  #save(groups: readonly Group[], accumulators: readonly Accumulator[]): void {
    const state = new ByteWriter();
    groups.forEach(({ key, window, endMicros }, i) => {
      if (this.#isSession) {
        state.int64(window!.start);
        state.int64(window!.end);
      }
      for (const accumulator of accumulators) accumulator.save(i, state);
      this.#table.put(key, state.take(), endMicros);
    });
  }

  #result(
    groups: readonly Group[],
    accumulators: readonly Accumulator[],
    context: BatchContext,
  ): Batch {
    if (this.#mode === "complete") return this.#render(this.#kept(this.#table.entries()), context);
    const closed = this.#plan.keys.eventTime === undefined
      ? []
      : this.#kept(this.#table.upTo(context.watermarkMicros));
    const batch = this.#mode === "append"
      ? this.#render(closed, context)
      : this.#resultBatch(groups, accumulators);
    for (const aggregate of this.#aggregates) {
      if (aggregate.forget === undefined) continue;
      for (const { key } of closed) aggregate.forget(key);
    }
    if (closed.length > 0) this.#table.removeUpTo(context.watermarkMicros);
    return batch;
  }

  /** The rows of groups as they are in the state. */
  #render(kept: readonly KeptGroup[], context: BatchContext): Batch {
    const accumulators = this.#accumulate(kept, context);
    kept.forEach((group, i) => this.#merge(accumulators, i, group));
    return this.#resultBatch(kept, accumulators);
  }

  #kept(entries: Iterable<StateEntry>): KeptGroup[] {
    return Array.from(entries, ({ key, value }) => ({
      key,
      value,
      window: this.#windowOf(key, value),
    }));
  }

  #windowOf(key: Uint8Array, value: Uint8Array): WindowRow | undefined {
    const spec = this.#plan.keys.window?.spec;
    if (spec === undefined) return undefined;
    if (spec.kind === "session") return keptSession(value);
    const start = timeOfKey(key);
    return { start, end: start + spec.durationMicros };
  }

  #resultBatch(groups: readonly ResultGroup[], accumulators: readonly Accumulator[]): Batch {
    const { keys, schema } = this.#plan;
    const batch = new Batch(schema, groups.length);
    const numKeys = keys.fields.length;
    const windows = keys.window === undefined ? undefined : batch.columns[keys.window.at];
    const keyColumns = batch.columns.slice(0, numKeys).filter((column) => column !== windows);
    groups.forEach((group, i) => {
      this.#keyCodec.decode(group.key, keyColumns);
      windows?.append(group.window);
      accumulators.forEach((accumulator, j) => {
        try {
          accumulator.appendResult(i, batch.columns[numKeys + j]!);
        } catch (cause) {
          throw this.#namingGroup(cause, schema.fields[numKeys + j]!.name, batch, i);
        }
      });
    });
    return batch;
  }

  #namingGroup(cause: unknown, name: string, batch: Batch, row: number): unknown {
    if (!(cause instanceof SluiceError)) return cause;
    const group = this.#plan.keys.fields.map(({ name }, i) =>
      `${name} = ${describeKey(batch.columns[i]!.get(row))}`
    );
    const where = `column "${name}" of ${group.length === 0 ? "the result" : group.join(", ")}`;
    return new SluiceError(cause.code, { ...cause.details, where });
  }
}

/** The sessions as they were that a group has in the place of, if its window is not theirs. */
function replacedSessions({ window, kept }: Group): readonly KeptGroup[] {
  return kept.filter((group) =>
    group.window!.start !== window!.start || group.window!.end !== window!.end
  );
}

function describeKey(value: unknown): string {
  if (typeof value !== "object" || value === null || !("start" in value && "end" in value)) {
    return describeValue(value);
  }
  const { start, end } = value as WindowRow;
  return `[${formatTimestampMicros(start)}, ${formatTimestampMicros(end)})`;
}
