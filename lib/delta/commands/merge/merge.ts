import { refuseUnknownOptions } from "../../../core/mod.ts";
import type { TableState } from "../../table_state.ts";
import type { MergeClause } from "./merge_clauses.ts";
import { type MergeOptions, type MergeResult, mergeRows } from "./merge_rows.ts";
import type { RowSource } from "../write/row_source.ts";

/** Which rows a clause takes. */
export interface ClauseOptions {
  /** A condition in SQL; absent: all rows that come to the clause. */
  readonly condition?: string;
}

/** What a clause sets. */
export interface SetOptions extends ClauseOptions {
  /** SQL by column of the table; columns that are not named stay as they are. */
  readonly set: Readonly<Record<string, string>>;
}

/** What a clause inserts. */
export interface InsertOptions extends ClauseOptions {
  /** SQL by column of the table; columns that are not named have their default, or null. */
  readonly values: Readonly<Record<string, string>>;
}

/** A merge in the making; each method adds a clause, and `execute` runs it. */
export class MergeBuilder {
  readonly #state: TableState;
  readonly #source: RowSource;
  readonly #options: MergeOptions;
  readonly #clauses: MergeClause[] = [];

  /** Use `merge`. */
  constructor(state: TableState, source: RowSource, options: MergeOptions) {
    this.#state = state;
    this.#source = source;
    this.#options = options;
  }

  /** Sets columns of rows of the table that match. */
  whenMatchedUpdate(options: SetOptions): this {
    return this.#update("matched", options);
  }

  /** Sets each column of rows that match to the source's column of its name. */
  whenMatchedUpdateAll(options: ClauseOptions = {}): this {
    return this.#add({ when: "matched", action: "update", set: "all" }, options);
  }

  /** Deletes rows that match. */
  whenMatchedDelete(options: ClauseOptions = {}): this {
    return this.#add({ when: "matched", action: "delete", set: {} }, options);
  }

  /** Inserts rows for rows of the source that match none. */
  whenNotMatchedInsert({ values, ...options }: InsertOptions): this {
    return this.#add({ when: "notMatched", action: "insert", set: values }, options);
  }

  /** Inserts the rows of the source that match none, with each column of the table. */
  whenNotMatchedInsertAll(options: ClauseOptions = {}): this {
    return this.#add({ when: "notMatched", action: "insert", set: "all" }, options);
  }

  /** Sets columns of rows of the table that no row of the source matches. */
  whenNotMatchedBySourceUpdate(options: SetOptions): this {
    return this.#update("notMatchedBySource", options);
  }

  /** Deletes rows of the table that no row of the source matches. */
  whenNotMatchedBySourceDelete(options: ClauseOptions = {}): this {
    return this.#add({ when: "notMatchedBySource", action: "delete", set: {} }, options);
  }

  /**
   * Runs the merge.
   *
   * @throws {SluiceError} `UNKNOWN_OPTION`; `BAD_MERGE`; `UNKNOWN_COLUMN`; `BAD_EXPRESSION`;
   * `BAD_VALUE` if a column cannot hold a value; `MERGE_CARDINALITY` if several rows of the source
   * match one row of the table; `CONSTRAINT_VIOLATED`; `APPEND_ONLY`; `CONCURRENT_WRITES`, and what
   * reading and writing files throws. Nothing is left of it then.
   */
  async execute(): Promise<MergeResult> {
    return await mergeRows(this.#state, {
      ...this.#options,
      source: this.#source,
      clauses: this.#clauses,
    });
  }

  #update(when: "matched" | "notMatchedBySource", { set, ...options }: SetOptions): this {
    return this.#add({ when, action: "update", set }, options);
  }

  #add(clause: MergeClause, options: ClauseOptions): this {
    refuseUnknownOptions("add a clause to a merge", options, ["condition"]);
    this.#clauses.push({ ...clause, ...options });
    return this;
  }
}

/**
 * Merges the rows of a source into a table: what is to become of rows is said by clauses. Rows of
 * the source and of the table match if the condition `on` is true; a row is taken by the first clause
 * of its kind whose own condition is true, and left as it is if there is none.
 *
 * Equalities between the table and the source, `target.id = source.id`, make it fast: the rows are
 * joined by hash, files whose statistics rule out all keys of the source are not opened, and of
 * others only the columns of conditions are read until it is known which rows change. Without any,
 * each row of the table is held against each row of the source: a thousand rows and a million are a
 * billion comparisons. The source is in memory as a whole, the table one file at a time.
 *
 * With `mergeSchema` columns that clauses name and only the source has are added to the table. With a
 * `txn` the merge can be repeated when nobody knows whether it succeeded: it is done once.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { appendRows } from "../write/append.ts";
 * import { createTable } from "../define/create_table.ts";
 * import { merge } from "./merge.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long(), price: s.double() }) });
 * await appendRows(table, [{ id: 1n, price: 10 }, { id: 2n, price: 20 }]);
 *
 * const source = [{ id: 2n, price: 25 }, { id: 3n, price: 30 }];
 * const result = await merge(table, source, { on: "target.id = source.id" })
 *   .whenMatchedUpdateAll()
 *   .whenNotMatchedInsertAll()
 *   .execute();
 * equal(result.numTargetRowsUpdated, 1);
 * equal(result.numTargetRowsInserted, 1);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export function merge(state: TableState, source: RowSource, options: MergeOptions): MergeBuilder {
  return new MergeBuilder(state, source, options);
}
