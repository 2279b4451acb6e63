import { errorText, SluiceError } from "../core/mod.ts";

interface Meaning {
  /** SQLite's words for it: they are constant, and the only thing that every error carries. */
  readonly words: RegExp;
  readonly code: string;
  readonly hint: string;
  readonly retryable: boolean;
}

/** What SQLite's errors mean (https://sqlite.org/rescode.html). */
const MEANINGS: readonly Meaning[] = [
  {
    words: /^database( table)? is locked/,
    code: "STATE_LOCKED",
    hint: "another process has the state of this query open: stop it, or give this query a " +
      "checkpointLocation of its own",
    retryable: false,
  },
  {
    words: /^file is not a database|^database disk image is malformed|^malformed database schema/,
    code: "STATE_DAMAGED",
    hint: "put the whole checkpoint back from a backup, or start the query anew with another " +
      "checkpointLocation; the sinks keep what they have",
    retryable: false,
  },
  {
    words: /^database or disk is full/,
    code: "STATE_DISK_FULL",
    hint:
      "make room on the disk of the checkpoint; nothing of this batch was kept, and it is run again",
    retryable: true,
  },
  {
    words: /^disk I\/O error/,
    code: "STATE_UNAVAILABLE",
    hint: "look at the disk of the checkpoint; what was committed before is kept",
    retryable: true,
  },
  {
    words: /^unable to open database file|^attempt to write a readonly database/,
    code: "STATE_UNAVAILABLE",
    hint: "let the query read and write the folder and the file",
    retryable: false,
  },
];

/** What SQLite threw, as an error for a person; anything else as it is. */
export function stateError(attempted: string, where: string, cause: unknown): unknown {
  if (!(cause instanceof Error && "code" in cause && cause.code === "ERR_SQLITE_ERROR")) {
    return cause;
  }
  const found = errorText(cause);
  const meaning = MEANINGS.find(({ words }) => words.test(found));
  return new SluiceError(meaning?.code ?? "STATE_FAILED", {
    attempted,
    where,
    found,
    ...(meaning === undefined ? {} : { hint: meaning.hint, retryable: meaning.retryable }),
    cause,
  });
}
