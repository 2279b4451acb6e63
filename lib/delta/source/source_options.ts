import { badOption, refuseUnknownOptions, Schema } from "../../core/mod.ts";

/** Which table to read as a stream, and from where. */
export interface DeltaSourceOptions<Row> {
  /** The table's folder. */
  readonly path: string;
  /** The columns to read, all or some of the table's, by their names in the table. */
  readonly schema: Schema<Row>;
  /**
   * The first version whose rows are read, `"latest"` for the one that comes next; absent: the
   * table as it is when the query is first started, and then what is added.
   */
  readonly startingVersion?: number | "latest";
  /** A time instead: the first version that is not older. */
  readonly startingTimestamp?: Date;
  /** Data files in one batch at most; absent: 1000. */
  readonly maxFilesPerTrigger?: number;
  /** Bytes of rows in one batch, reached or slightly passed; absent: 64 MiB. */
  readonly maxBytesPerTrigger?: number;
  /** True: commits that only delete are passed over. Absent: they stop the query. */
  readonly ignoreDeletes?: boolean;
  /**
   * True: commits that delete or update rows are passed over, with what they add. Absent: they stop
   * it.
   */
  readonly skipChangeCommits?: boolean;
  /**
   * True: every row that a commit inserts, deletes or updates is read, with `_change_type`,
   * `_commit_version` and `_commit_timestamp` behind its columns; the table has to keep its changes
   * (`delta.enableChangeDataFeed`). Absent: rows that are added.
   */
  readonly readChangeFeed?: boolean;
}

/** What the options come to, whatever the rows are. */
export type CheckedOptions = Omit<DeltaSourceOptions<Record<string, unknown>>, "schema">;

/** What the source does, for errors. */
export const ATTEMPTED = "read a Delta table as a stream";

const KNOWN = [
  "path",
  "schema",
  "startingVersion",
  "startingTimestamp",
  "maxFilesPerTrigger",
  "maxBytesPerTrigger",
  "ignoreDeletes",
  "skipChangeCommits",
  "readChangeFeed",
];

/**
 * Refuses options that make no sense, alone or together.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`.
 */
export function refuseBadOptions(options: DeltaSourceOptions<never>): void {
  refuseUnknownOptions(ATTEMPTED, options, KNOWN);
  const { schema, startingVersion, startingTimestamp, readChangeFeed } = options;
  const refuse = (name: string, found: unknown, wanted: string) =>
    badOption(ATTEMPTED, name, String(found), wanted);
  if (!(schema instanceof Schema)) throw refuse("schema", schema, "the columns to read");
  const isVersion = startingVersion === undefined || startingVersion === "latest" ||
    (Number.isSafeInteger(startingVersion) && startingVersion >= 0);
  if (!isVersion) throw refuse("startingVersion", startingVersion, 'a version, or "latest"');
  if (startingTimestamp !== undefined) {
    if (!(startingTimestamp instanceof Date) || Number.isNaN(startingTimestamp.getTime())) {
      throw refuse("startingTimestamp", startingTimestamp, "a Date");
    }
    if (startingVersion !== undefined) {
      throw refuse("startingTimestamp", "startingVersion besides", "one of the two");
    }
  }
  for (const name of ["maxFilesPerTrigger", "maxBytesPerTrigger"] as const) {
    const value = options[name];
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw refuse(name, value, "a whole number above 0");
  }
  for (const name of ["ignoreDeletes", "skipChangeCommits", "readChangeFeed"] as const) {
    const value = options[name];
    if (value !== undefined && typeof value !== "boolean") {
      throw refuse(name, value, "true or false");
    }
    if (name !== "readChangeFeed" && value === true && readChangeFeed === true) {
      throw refuse(
        name,
        "true with readChangeFeed",
        "one of the two: a change feed has all changes",
      );
    }
  }
}
