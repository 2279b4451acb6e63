import { errorText, SluiceError } from "../core/mod.ts";

/** What the server or the driver reports, as far as it matters here. */
interface Report {
  readonly code?: unknown;
  /** The server's number for the error; the system's is negative. */
  readonly errno?: unknown;
  readonly sqlState?: unknown;
  /** The driver's word for an error after which the connection is of no use. */
  readonly fatal?: unknown;
}

interface Meaning {
  readonly code: string;
  readonly retryable: boolean;
  readonly hint: string;
}

const AWAY: Meaning = {
  code: "MYSQL_UNAVAILABLE",
  retryable: true,
  hint: "check MYSQL_URL, host and port, and that the server runs",
};
const SHUTTING_DOWN: Meaning = {
  ...AWAY,
  hint: "the server ended the connection; it is worth another try",
};
const READ_ONLY: Meaning = {
  ...AWAY,
  hint: "the server takes no writes; it may be a replica or in the middle of a failover",
};
const COLLISION: Meaning = {
  code: "MYSQL_CONFLICT",
  retryable: true,
  hint: "another transaction stood in the way; it is worth another try",
};
const CANCELED: Meaning = {
  code: "MYSQL_CANCELED",
  retryable: true,
  hint: "someone cancelled the statement, or max_statement_time is too short for the batch",
};
const BROKEN_CONSTRAINT: Meaning = {
  code: "CONSTRAINT_VIOLATION",
  retryable: false,
  hint:
    "the query's rows do not fit the table: drop the constraint, or filter such rows out of the query",
};
const BAD_LOGIN: Meaning = {
  code: "MYSQL_LOGIN",
  retryable: false,
  hint: "check user and password in MYSQL_URL, and from which hosts the user may come",
};
const NO_RIGHT: Meaning = {
  code: "MYSQL_PERMISSION",
  retryable: false,
  hint: "grant the user of MYSQL_URL the right to do this",
};
const NO_DATABASE: Meaning = {
  code: "MYSQL_NO_DATABASE",
  retryable: false,
  hint: "create the database, or correct its name in MYSQL_URL or in the table option",
};
const DISK_FULL: Meaning = {
  code: "MYSQL_DISK_FULL",
  retryable: false,
  hint: "free disk space on the server, then start the query again; nothing is lost",
};

/** By the server's numbers, which both servers share up to 1899. */
const SERVER_MEANINGS: Readonly<Record<number, Meaning>> = {
  1020: COLLISION,
  1021: DISK_FULL,
  1040: { ...AWAY, hint: "raise max_connections or end other connections" },
  1044: NO_RIGHT,
  1045: BAD_LOGIN,
  1048: BROKEN_CONSTRAINT,
  1049: NO_DATABASE,
  1053: SHUTTING_DOWN,
  1062: BROKEN_CONSTRAINT,
  1114: DISK_FULL,
  1129: BAD_LOGIN,
  1130: BAD_LOGIN,
  1142: NO_RIGHT,
  1143: NO_RIGHT,
  1203: { ...AWAY, hint: "raise max_user_connections or end other connections of the user" },
  1205: COLLISION,
  1213: COLLISION,
  1226: { ...AWAY, hint: "raise the limits of the user or end other connections of it" },
  1227: NO_RIGHT,
  1251: BAD_LOGIN,
  1290: READ_ONLY,
  1317: CANCELED,
  1364: BROKEN_CONSTRAINT,
  1412: COLLISION,
  1451: BROKEN_CONSTRAINT,
  1452: BROKEN_CONSTRAINT,
  1698: BAD_LOGIN,
  1836: READ_ONLY,
  // MariaDB's own.
  1927: SHUTTING_DOWN,
  1969: CANCELED,
  4025: BROKEN_CONSTRAINT,
  // MySQL's own.
  3024: CANCELED,
  3819: BROKEN_CONSTRAINT,
  4031: SHUTTING_DOWN,
};

/** The driver's and the system's names for lost connections. */
const AWAY_CODES = new Set([
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTCONN",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_SEQUENCE_TIMEOUT",
]);

const OTHER: Meaning = {
  code: "MYSQL_REFUSED",
  retryable: false,
  hint: "nothing was written; mend the cause and start the query again",
};

/** True for what the server, the driver or the system reports, as against a fault in the program. */
export function isServerError(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof SluiceError) return false;
  const { code, fatal } = error as Report;
  return typeof code === "string" || fatal === true;
}

/** The server's number for an error; `undefined` if it is not the server's. */
export function serverErrorNumber(error: unknown): number | undefined {
  const { errno, sqlState } = (error ?? {}) as Report;
  return typeof errno === "number" && typeof sqlState === "string" ? errno : undefined;
}

/**
 * What the server or the driver threw, as an error for a person; an error of Sluice's own passes
 * unchanged. Neither addresses nor statements, which hold rows, become part of it.
 */
export function mysqlError(error: unknown, attempted: string, where: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const { code, retryable, hint } = meaningOf(error);
  // The driver keeps the whole statement, megabytes of rows, on the error.
  if (error instanceof Error && "sql" in error) delete error.sql;
  return new SluiceError(code, {
    attempted,
    where,
    found: foundText(error),
    hint,
    retryable,
    cause: error,
  });
}

function meaningOf(error: unknown): Meaning {
  const number = serverErrorNumber(error);
  if (number !== undefined) return SERVER_MEANINGS[number] ?? OTHER;
  const { code, fatal } = (error ?? {}) as Report;
  // Without a code the driver says that a connection was closed before.
  const isAway = typeof code === "string" ? AWAY_CODES.has(code) : fatal === true;
  return isAway ? AWAY : OTHER;
}

function foundText(error: unknown): string {
  const text = errorText(error);
  const { code } = (error ?? {}) as Report;
  return typeof code !== "string" || text.includes(code) ? text : `${text} [${code}]`;
}
