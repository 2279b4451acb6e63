import { errorText, SluiceError } from "../core/mod.ts";

/** What the server or the driver reports, as far as it matters here. */
interface Report {
  readonly code?: unknown;
  readonly detail?: unknown;
  readonly constraint_name?: unknown;
  readonly table_name?: unknown;
}

interface Meaning {
  readonly code: string;
  readonly retryable: boolean;
  readonly hint: string;
}

const AWAY: Meaning = {
  code: "POSTGRES_UNAVAILABLE",
  retryable: true,
  hint: "check DATABASE_URL, host and port; start the server, or `deno task stack:up`",
};
const SHUTTING_DOWN: Meaning = {
  ...AWAY,
  hint: "the server ended the connection or is starting up; it is worth another try",
};
const COLLISION: Meaning = {
  code: "POSTGRES_CONFLICT",
  retryable: true,
  hint: "another transaction stood in the way; it is worth another try",
};
const BROKEN_CONSTRAINT: Meaning = {
  code: "CONSTRAINT_VIOLATION",
  retryable: false,
  hint:
    "the query's rows do not fit the table: drop the constraint, or filter such rows out of the query",
};
const BAD_LOGIN: Meaning = {
  code: "POSTGRES_LOGIN",
  retryable: false,
  hint: "check user and password in DATABASE_URL, and pg_hba.conf",
};

/** By SQLSTATE or by the driver's and the system's names for lost connections. */
const MEANINGS: Record<string, Meaning> = {
  CONNECT_TIMEOUT: AWAY,
  CONNECTION_CLOSED: AWAY,
  CONNECTION_DESTROYED: AWAY,
  CONNECTION_ENDED: AWAY,
  EAI_AGAIN: AWAY,
  ECONNABORTED: AWAY,
  ECONNREFUSED: AWAY,
  ECONNRESET: AWAY,
  EHOSTUNREACH: AWAY,
  ENETUNREACH: AWAY,
  ENOENT: AWAY,
  ENOTCONN: AWAY,
  ENOTFOUND: AWAY,
  EPIPE: AWAY,
  ETIMEDOUT: AWAY,
  "25006": {
    ...AWAY,
    hint: "the server takes no writes; it may be a standby or in the middle of a failover",
  },
  "25P03": { ...AWAY, hint: "the transaction was idle for too long; it is worth another try" },
  "40001": COLLISION,
  "40P01": COLLISION,
  "42P07": COLLISION,
  "53300": { ...AWAY, hint: "raise max_connections or end other connections" },
  "55P03": COLLISION,
  "57014": {
    code: "POSTGRES_CANCELED",
    retryable: true,
    hint: "someone cancelled the statement, or statement_timeout is too short for the batch",
  },
  "57P01": SHUTTING_DOWN,
  "57P02": SHUTTING_DOWN,
  "57P03": SHUTTING_DOWN,
  "57P05": SHUTTING_DOWN,
  "28000": BAD_LOGIN,
  "28P01": BAD_LOGIN,
  "3D000": {
    code: "POSTGRES_NO_DATABASE",
    retryable: false,
    hint: "create the database or correct its name in DATABASE_URL",
  },
  "3F000": {
    code: "POSTGRES_NO_SCHEMA",
    retryable: false,
    hint: "create the schema, or correct its name in the table option",
  },
  "42501": {
    code: "POSTGRES_PERMISSION",
    retryable: false,
    hint: "grant the user of DATABASE_URL the right to do this",
  },
  "53100": {
    code: "POSTGRES_DISK_FULL",
    retryable: false,
    hint: "free disk space on the server, then start the query again; nothing is lost",
  },
};

const OTHER: Meaning = {
  code: "POSTGRES_REFUSED",
  retryable: false,
  hint: "nothing was written; mend the cause and start the query again",
};

/** True for what the server, the driver or the system reports, as against a fault in the program. */
export function isServerError(error: unknown): boolean {
  return error instanceof Error && typeof (error as Report).code === "string" &&
    !(error instanceof SluiceError);
}

/**
 * What the server or the driver threw, as an error for a person; an error of Sluice's own passes
 * unchanged. Connection strings never become part of a message.
 */
export function postgresError(error: unknown, attempted: string, where: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const report = (typeof error === "object" && error !== null ? error : {}) as Report;
  const state = typeof report.code === "string" ? report.code : "";
  const { code, retryable, hint } = meaningOf(state);
  return new SluiceError(code, {
    attempted,
    where,
    found: foundText(error, state, report),
    hint,
    retryable,
    cause: error,
  });
}

function meaningOf(state: string): Meaning {
  const known = MEANINGS[state];
  if (known !== undefined) return known;
  if (/^08...$/.test(state)) return AWAY;
  return /^23...$/.test(state) ? BROKEN_CONSTRAINT : OTHER;
}

function foundText(error: unknown, state: string, report: Report): string {
  let text = errorText(error);
  if (typeof report.detail === "string") text += ` (${report.detail})`;
  if (typeof report.constraint_name === "string") {
    text += `, constraint "${report.constraint_name}"`;
    if (typeof report.table_name === "string") text += ` of table "${report.table_name}"`;
  }
  return state === "" || text.includes(state) ? text : `${text} [${state}]`;
}
