import { refuseUnknownOptions, type Sink, SluiceError } from "../core/mod.ts";
import { DEAD_LETTER_TABLE } from "./dead_letters.ts";
import { PostgresWriter } from "./postgres_writer.ts";
import { parseTableName } from "./table.ts";

/** Where and how `postgres()` writes. */
export interface PostgresOptions {
  /** `table` or `schema.table`, taken as written; created from the query's schema if absent. */
  readonly table: string;
  /** `postgres://user:password@host:5432/database`; default: the environment's `DATABASE_URL`. */
  readonly url?: string;
  /**
   * The table for records that could not become rows, in the schema of `table` unless it names its
   * own; false: this sink keeps none. Default: `dead_letters`.
   */
  readonly deadLetterTable?: string | false;
}

/**
 * Writes each batch to a Postgres table by binary COPY, in one transaction with the batch's dead
 * letters and its progress (table `sluice_progress`, beside the table), so that every batch is
 * there exactly once. A run that was replaced by a newer one can no longer commit.
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
 * `BAD_DATABASE_URL`, `SCHEMA_MISMATCH` if a table does not hold the rows, `POSTGRES_ENCODING` if the
 * database does not hold every text, `TABLE_MISSING` if the query's table was dropped,
 * `POSTGRES_UNAVAILABLE` (retryable) if no server answers,
 * `POSTGRES_LOGIN`, `POSTGRES_NO_DATABASE`, `POSTGRES_NO_SCHEMA` and `POSTGRES_PERMISSION`.
 */
export function postgres(options: PostgresOptions): Sink {
  const name = `postgres(${options.table})`;
  refuseUnknownOptions(`make sink ${name}`, options, ["table", "url", "deadLetterTable"]);
  const table = parseTableName(options.table);
  const deadLetters = options.deadLetterTable ?? DEAD_LETTER_TABLE;
  const deadLetterTable = deadLetters === false
    ? undefined
    : parseTableName(deadLetters, table.schema);
  return {
    name,
    takesDeadLetters: deadLetterTable !== undefined,
    async open(context) {
      const url = databaseUrl(name, options.url);
      return await PostgresWriter.open({ url, sinkName: name, table, deadLetterTable }, context);
    },
  };
}

function databaseUrl(sinkName: string, option: string | undefined): string {
  const url = option ?? Deno.env.get("DATABASE_URL");
  const attempted = `open sink ${sinkName}`;
  if (url === undefined || url === "") {
    throw new SluiceError("NO_DATABASE_URL", {
      attempted,
      found: "neither option url nor DATABASE_URL in the environment",
      wanted: "an address such as postgres://user:password@host:5432/database",
      hint: "start local services with `deno task stack:up` and take the export line it prints",
    });
  }
  const protocol = URL.parse(url)?.protocol;
  if (protocol !== "postgres:" && protocol !== "postgresql:") {
    throw new SluiceError("BAD_DATABASE_URL", {
      attempted,
      where: option === undefined ? "DATABASE_URL" : 'option "url"',
      // The text itself is not shown: it may hold a password.
      found: protocol === undefined ? "text that is no URL" : `a URL that starts with ${protocol}`,
      wanted: "postgres://user:password@host:5432/database, special characters as %XX",
    });
  }
  return url;
}
