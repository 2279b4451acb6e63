import {
  badOption,
  refuseUnknownOptions,
  type Sink,
  UPSERT_OPTIONS,
  type UpsertOptions,
} from "../../core/mod.ts";
import { DEAD_LETTER_TABLE } from "../../database/mod.ts";
import { databaseUrl } from "../database_url.ts";
import { PostgresWriter } from "./postgres_writer.ts";
import { parseTableName } from "../table.ts";

const OPTIONS = ["table", "url", "deadLetterTable", "name", ...UPSERT_OPTIONS];

/** Where and how `postgres()` writes. */
export interface PostgresOptions extends UpsertOptions {
  /** `table` or `schema.table`, taken as written; created from the query's schema if absent. */
  readonly table: string;
  /** `postgres://user:password@host:5432/database`; default: the environment's `DATABASE_URL`. */
  readonly url?: string;
  /**
   * The table for records that could not become rows, in the schema of `table` unless it names its
   * own; false: this sink keeps none. Default: `dead_letters`.
   */
  readonly deadLetterTable?: string | false;
  /**
   * What the sink is called, also in `sluice_progress`: it has to stay as it is while the query lives.
   * Needed where one query writes to tables of one name on two servers. Default: `postgres(table)`.
   */
  readonly name?: string;
}

/**
 * Writes each batch to a Postgres table by binary COPY, in one transaction with the batch's dead
 * letters and its progress (table `sluice_progress`, beside the table), so that every batch is
 * there exactly once. A run that was replaced by a newer one can no longer commit.
 *
 * In append mode rows are added. In update mode each takes the place of the one with its key, and
 * rows whose keys are gone are deleted or marked: see `UpsertOptions`. A table that is created then
 * has the key for its primary key; one that is there needs a unique index on just these columns. A
 * column of structs or arrays can be in the key: it is `jsonb`, which Postgres compares by value. In
 * complete mode the batch takes the place of all rows; the old ones cost space until a vacuum.
 *
 * Where a table that is there lacks nullable columns of the rows, `open` adds them and tells it with a
 * notice; the rows that are there have null in them. Columns of the key are not added, and none that
 * is not nullable.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { postgres } from "./postgres_sink.ts";
 *
 * const sink = postgres({ table: "market.trades", url: "postgres://me@localhost:5432/finance" });
 * equal(sink.name, "postgres(market.trades)");
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION` or `BAD_NAME` at once; from `open`, `NO_DATABASE_URL` or
 * `BAD_DATABASE_URL`, `BAD_OPTION` if key or order do not fit the rows or the query's mode,
 * `SCHEMA_MISMATCH` if a table does not hold the rows, `POSTGRES_ENCODING` if the
 * database does not hold every text, `TABLE_MISSING` if the query's table was dropped,
 * `POSTGRES_UNAVAILABLE` (retryable) if no server answers,
 * `POSTGRES_LOGIN`, `POSTGRES_NO_DATABASE`, `POSTGRES_NO_SCHEMA` and `POSTGRES_PERMISSION`; from
 * `stage`, `DUPLICATE_KEY` if two rows of a batch in update mode have one key.
 */
export function postgres(options: PostgresOptions): Sink {
  const { name = `postgres(${options.table})` } = options;
  refuseUnknownOptions(`make sink ${name}`, options, OPTIONS);
  if (name === "") throw badOption("make a Postgres sink", "name", "no text", "a name");
  const table = parseTableName(options.table);
  const deadLetters = options.deadLetterTable ?? DEAD_LETTER_TABLE;
  const deadLetterTable = deadLetters === false
    ? undefined
    : parseTableName(deadLetters, table.schema);
  return {
    name,
    takesDeadLetters: deadLetterTable !== undefined,
    outputModes: ["append", "update", "complete"],
    async open(context) {
      const url = databaseUrl(`open sink ${name}`, options.url);
      return await PostgresWriter.open(
        { url, sinkName: name, table, deadLetterTable, upsert: options },
        context,
      );
    },
  };
}
