import {
  badOption,
  refuseUnknownOptions,
  type Sink,
  UPSERT_OPTIONS,
  type UpsertOptions,
} from "../../core/mod.ts";
import { DEAD_LETTER_TABLE } from "../../database/mod.ts";
import { mysqlUrl } from "../mysql_url.ts";
import { MysqlWriter } from "./mysql_writer.ts";
import { refuseStagingName } from "./staging.ts";
import { parseTableName } from "../table.ts";

/** What the progress table has room for. */
const MAX_NAME_LENGTH = 255;
const OPTIONS = ["table", "url", "deadLetterTable", "name", ...UPSERT_OPTIONS];

/** Where and how `mysql()` writes. */
export interface MysqlOptions extends UpsertOptions {
  /** `table` or `database.table`, taken as written; created from the query's schema if absent. */
  readonly table: string;
  /** `mysql://user:password@host:3306/database`; default: the environment's `MYSQL_URL`. */
  readonly url?: string;
  /**
   * The table for records that could not become rows, in the database of `table` unless it names its
   * own; false: this sink keeps none. Default: `dead_letters`.
   */
  readonly deadLetterTable?: string | false;
  /**
   * What the sink is called, also in `sluice_progress`: it has to stay as it is while the query lives.
   * Needed where one query writes to tables of one name on two servers. Default: `mysql(table)`.
   */
  readonly name?: string;
}

/**
 * Writes each batch to a table of MySQL 8 or of MariaDB from 10.6 on, in one transaction with the
 * batch's dead letters and its progress (table `sluice_progress`, beside the table), so that every
 * batch is there exactly once. A run that was replaced by a newer one can no longer commit.
 *
 * In append mode rows are added. In update mode each takes the place of the one with its key, and
 * rows whose keys are gone are deleted or marked: see `UpsertOptions`. A table that is created then
 * has the key for its primary key; one that is there needs a unique index on just these columns, and
 * no other that a row could run into. A key with nulls or structs, which no index tells apart, is
 * found by a column `sluice_key` that the server computes from it. In complete mode the batch takes
 * the place of all rows. A column that a table lacks and that may be null is added to it.
 *
 * Points in time are `datetime(6)` in UTC, structs, arrays and maps are `json` (with decimals in them
 * `longtext`, since MySQL's json would round them), texts of a key have at most 255 characters. Rows
 * with a number that is none or infinite, or with text that is too long for its column, are dead
 * letters; from an aggregation they end the query. The user needs the right to make temporary tables.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { mysql } from "./mysql_sink.ts";
 *
 * const sink = mysql({ table: "market.trades", url: "mysql://me@localhost:3306/finance" });
 * equal(sink.name, "mysql(market.trades)");
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION` or `BAD_NAME` at once; from `open`,
 * `NO_MYSQL_URL` or `BAD_MYSQL_URL`, `BAD_OPTION` if key or order do not fit the rows or the query's
 * mode, `SCHEMA_MISMATCH` if a table does not hold the rows, `TABLE_MISSING` if the query's table was
 * dropped, `MYSQL_UNAVAILABLE` and `MYSQL_CONFLICT` (retryable) if no server answers or a lock is not
 * given in time, `MYSQL_LOGIN`, `MYSQL_NO_DATABASE` and `MYSQL_PERMISSION`; from `stage`,
 * `DUPLICATE_KEY` if two rows of a batch in update mode have one key, `ROW_TOO_LARGE` for a row that
 * is longer than the server's `max_allowed_packet`, `BAD_VALUE` for a value that it cannot store.
 */
export function mysql(options: MysqlOptions): Sink {
  const { name = `mysql(${options.table})` } = options;
  refuseUnknownOptions(`make sink ${name}`, options, OPTIONS);
  if (name.length === 0 || name.length > MAX_NAME_LENGTH) {
    const wanted = `1 to ${MAX_NAME_LENGTH} characters`;
    throw badOption("make a MySQL sink", "name", `${name.length} characters`, wanted);
  }
  const table = parseTableName(options.table);
  refuseStagingName(`make sink ${name}`, "table", table);
  const deadLetters = options.deadLetterTable ?? DEAD_LETTER_TABLE;
  const deadLetterTable = deadLetters === false
    ? undefined
    : parseTableName(deadLetters, table.database);
  if (deadLetterTable) refuseStagingName(`make sink ${name}`, "deadLetterTable", deadLetterTable);
  return {
    name,
    takesDeadLetters: deadLetterTable !== undefined,
    outputModes: ["append", "update", "complete"],
    async open(context) {
      const url = mysqlUrl(`open sink ${name}`, options.url);
      return await MysqlWriter.open(
        { url, sinkName: name, table, deadLetterTable, upsert: options },
        context,
      );
    },
  };
}
