import { errorText, isRecord, makeFolder, putIfAbsent, SluiceError } from "../../core/mod.ts";

/** Where a query began to read a table. */
export interface SourceStart {
  /** The first version that is read. */
  readonly version: number;
  /** True if that is read as a whole table, and not for what it added. */
  readonly isSnapshot: boolean;
  /** When it was made, in milliseconds since 1970; absent where nobody asks. */
  readonly commitMs?: number;
  /** True if changes are read, and not rows that are added: offsets count other rows then. */
  readonly readChangeFeed: boolean;
}

const NAME = "start";

/**
 * Notes where a query began, unless that was noted before, and returns what is noted: which version
 * offsets count as a whole table has to be known for ever.
 *
 * @throws {SluiceError} `BAD_CHECKPOINT`.
 */
export async function noteStart(folder: string, start: SourceStart): Promise<SourceStart> {
  await makeFolder(folder);
  await putIfAbsent(`${folder}/${NAME}`, new TextEncoder().encode(`${JSON.stringify(start)}\n`));
  return await readStart(folder, start.readChangeFeed);
}

/**
 * Where the query began.
 *
 * @throws {SluiceError} `BAD_CHECKPOINT` if that was not noted, or damaged, or was of another kind.
 */
export async function readStart(folder: string, readChangeFeed: boolean): Promise<SourceStart> {
  const path = `${folder}/${NAME}`;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) throw badStart(path, "no such file", cause);
    throw cause;
  }
  const start = parseStart(text, path);
  if (start.readChangeFeed === readChangeFeed) return start;
  const named = (value: boolean) => `readChangeFeed ${value}`;
  throw new SluiceError("BAD_CHECKPOINT", {
    attempted: "go on reading a Delta table as a stream",
    where: path,
    found: `${named(start.readChangeFeed)}, as when the query began`,
    wanted: `${named(readChangeFeed)}, as it is started now`,
    hint: "start the query as it was, or a new one with an empty checkpointLocation",
  });
}

function parseStart(text: string, path: string): SourceStart {
  let json: unknown;
  let found = JSON.stringify(text.slice(0, 80));
  try {
    json = JSON.parse(text);
  } catch (error) {
    found = errorText(error);
  }
  if (isRecord(json)) {
    const { version, isSnapshot, commitMs, readChangeFeed } = json;
    const isStart = Number.isSafeInteger(version) && typeof isSnapshot === "boolean" &&
      typeof readChangeFeed === "boolean" &&
      (commitMs === undefined || typeof commitMs === "number");
    if (isStart) return json as unknown as SourceStart;
  }
  throw badStart(path, found);
}

function badStart(where: string, found: string, cause?: unknown): SluiceError {
  return new SluiceError("BAD_CHECKPOINT", {
    attempted: "read where a query began to read a Delta table",
    where,
    found,
    wanted: '{"version":41,"isSnapshot":true,"readChangeFeed":false}',
    hint: "restore the checkpoint from a backup, or start anew with an empty checkpointLocation",
    ...(cause === undefined ? {} : { cause }),
  });
}
