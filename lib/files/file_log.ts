import { errorText, isRecord, makeFolder, putIfAbsent, SluiceError } from "../core/mod.ts";
import type { FileStatus } from "./list_files.ts";

/** A file with records, and where they are in the order of all. */
export interface LoggedFile extends FileStatus {
  /** How many records it has. */
  readonly records: number;
  /** SHA-256 of what is in it, in hexadecimal, as far as it is looked at to count. */
  readonly digest: string;
  /** The offset of its first record. */
  readonly firstOffset: number;
}

const NAME = "files";
const ATTEMPTED = "read which files a query has found";
const HINT =
  "restore the checkpoint from a backup, or start a new query with an empty checkpointLocation";
const encoder = new TextEncoder();

/**
 * Which files were found, in which order and with how many records: what makes one long line of
 * offsets of them, for ever. It is a file of lines in the source's folder of a checkpoint:
 *
 *     {"version":1,"id":"…", what the records are told apart by}
 *     [["part-1.csv",1024,1700000000000,12,"…"], …]     one line for all that was found at a time
 *
 * Lines are only ever added, flushed before anyone hears of the offsets in them. A line that a
 * crash cut off says nothing that anyone relies on, and is taken away.
 */
export class FileLog {
  /** Another one for each log that was begun. */
  readonly id: string;
  readonly #path: string;
  readonly #files: LoggedFile[] = [];
  readonly #byName = new Map<string, LoggedFile>();
  #end = 0;
  /** Bytes that this process knows of: nobody else is to add any. */
  #size: number;

  private constructor(path: string, id: string, size: number) {
    this.#path = path;
    this.id = id;
    this.#size = size;
  }

  /**
   * Opens the log in a folder, or begins it.
   *
   * @param kind What the records are told apart by; with another the offsets would mean others.
   * @throws {SluiceError} `BAD_CHECKPOINT` if it is of another kind, or damaged.
   */
  static async open(folder: string, kind: Readonly<Record<string, unknown>>): Promise<FileLog> {
    const path = `${folder}/${NAME}`;
    await makeFolder(folder);
    const fresh = { version: 1, id: crypto.randomUUID(), ...kind };
    await putIfAbsent(path, encoder.encode(`${JSON.stringify(fresh)}\n`));
    const { lines, size } = await wholeLines(path);
    const header = parseHeader(lines[0], path);
    refuseOtherKind(header, { version: 1, ...kind }, path);
    const log = new FileLog(path, String(header.id), size);
    for (const [i, line] of lines.slice(1).entries()) {
      log.#take(parseFiles(line, `${path} line ${i + 2}`));
    }
    return log;
  }

  /** The offset behind the last record. */
  get endOffset(): number {
    return this.#end;
  }

  /** The file of that name; `undefined` if it was not found yet. */
  get(name: string): LoggedFile | undefined {
    return this.#byName.get(name);
  }

  /** The files with records from an offset on, in order. */
  *filesFrom(offset: number): Generator<LoggedFile> {
    let [low, high] = [0, this.#files.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const { firstOffset, records } = this.#files[middle]!;
      if (firstOffset + records <= offset) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < this.#files.length; i++) {
      if (this.#files[i]!.records > 0) yield this.#files[i]!;
    }
  }

  /**
   * Adds files behind those that are known, durably.
   *
   * @throws {SluiceError} `FENCED` if another process added some.
   */
  async add(found: readonly Omit<LoggedFile, "firstOffset">[]): Promise<void> {
    if (found.length === 0) return;
    const line = encoder.encode(`${JSON.stringify(found.map(entryOf))}\n`);
    using file = await Deno.open(this.#path, { append: true });
    if ((await file.stat()).size !== this.#size) throw fenced(this.#path);
    try {
      for (let rest = line; rest.length > 0;) rest = rest.subarray(await file.write(rest));
      await file.sync();
    } catch (error) {
      // A full disk may have taken a part of the line; whoever tries again must not find it.
      await file.truncate(this.#size);
      throw error;
    }
    // Only from here on may anyone plan a batch with these offsets.
    this.#size += line.length;
    this.#take(found);
  }

  #take(found: readonly Omit<LoggedFile, "firstOffset">[]): void {
    for (const file of found) {
      const logged = { ...file, firstOffset: this.#end };
      this.#files.push(logged);
      this.#byName.set(file.name, logged);
      this.#end += file.records;
    }
  }
}

/** The lines of a log; what is behind the last line break is cut off. */
async function wholeLines(path: string): Promise<{ lines: string[]; size: number }> {
  const bytes = await Deno.readFile(path);
  const end = bytes.lastIndexOf(0x0a) + 1;
  let lines = new TextDecoder().decode(bytes.subarray(0, end)).split("\n").slice(0, -1);
  let size = end;
  // After a power cut a line may be there in full length, but not with all that was in it.
  if (lines.length > 1 && !isJson(lines.at(-1)!)) {
    size = bytes.lastIndexOf(0x0a, end - 2) + 1;
    lines = lines.slice(0, -1);
  }
  if (size < bytes.length) {
    using file = await Deno.open(path, { write: true });
    await file.truncate(size);
    await file.sync();
  }
  return { lines, size };
}

function entryOf(
  { name, size, modifiedMs, records, digest }: Omit<LoggedFile, "firstOffset">,
): unknown[] {
  return [name, size, modifiedMs, records, digest];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function parseHeader(line: string | undefined, path: string): Record<string, unknown> {
  const header: unknown = line !== undefined && isJson(line) ? JSON.parse(line) : undefined;
  if (isRecord(header) && typeof header.id === "string") return header;
  throw damaged(path, JSON.stringify(line?.slice(0, 80)), "what kind of log it is");
}

function parseFiles(line: string, where: string): Omit<LoggedFile, "firstOffset">[] {
  let entries: unknown;
  try {
    entries = JSON.parse(line);
  } catch (cause) {
    throw damaged(where, errorText(cause), "a list of files");
  }
  if (!Array.isArray(entries)) throw damaged(where, line.slice(0, 80), "a list of files");
  return entries.map((entry) => {
    const [name, size, modifiedMs, records, digest] = Array.isArray(entry) ? entry : [];
    const isFile = typeof name === "string" && typeof digest === "string" &&
      [size, records].every((count) => Number.isSafeInteger(count) && count >= 0) &&
      typeof modifiedMs === "number";
    if (!isFile) {
      throw damaged(where, JSON.stringify(entry), "name, size, time, records and digest");
    }
    return { name, size, modifiedMs, records, digest };
  });
}

function refuseOtherKind(
  found: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
  path: string,
): void {
  for (const [name, value] of Object.entries(wanted)) {
    if (found[name] === value) continue;
    throw new SluiceError("BAD_CHECKPOINT", {
      attempted: "go on reading files",
      where: path,
      found: `${name} ${JSON.stringify(found[name])}, as when the query began`,
      wanted: `${name} ${JSON.stringify(value)}, as it is started now`,
      hint:
        "with it the offsets that were read would be other records: start the query as it was, " +
        "or a new one with an empty checkpointLocation",
    });
  }
}

function damaged(where: string, found: string, wanted: string): SluiceError {
  return new SluiceError("BAD_CHECKPOINT", {
    attempted: ATTEMPTED,
    where,
    found,
    wanted,
    hint: HINT,
  });
}

function fenced(where: string): SluiceError {
  return new SluiceError("FENCED", {
    attempted: "note which files were found",
    where,
    found: "lines that this process did not write",
    wanted: "one process a checkpoint",
    hint: "another process runs this query, maybe on another machine; stop one of them",
  });
}
