import { type Schema, SluiceError } from "../../core/mod.ts";
import {
  type Action,
  type AddFile,
  type CommitInfo,
  type DomainMetadata,
  type Metadata,
  parseActions,
  type Protocol,
  type RemoveFile,
  type SetTransaction,
} from "../protocol/actions.ts";
import { readCheckpoint } from "./read_checkpoint.ts";
import { commitName } from "./log_files.ts";
import { LogReplay } from "./log_replay.ts";
import { findLogSegment, type LogSegment } from "./log_segment.ts";
import type { LogStore } from "./log_store.ts";
import { parseSchema } from "../protocol/schema_json.ts";
import { refuseUnreadable } from "../protocol/table_features.ts";

/** A commit as it was read. */
export interface Commit {
  /** The version that it made. */
  readonly version: number;
  /** What it says. */
  readonly actions: readonly Action[];
}

/** How often to look again when files vanish between listing and reading: a cleanup goes on. */
const MAX_LISTINGS = 3;
/** Commits read at a time. */
const COMMITS_AT_ONCE = 32;

/** What a table is at a version. It moves on to a newer one with `apply`. */
export class Snapshot {
  /** Where the log is, for errors. */
  readonly location: string;
  #version: number;
  #schema: Schema | undefined;
  readonly #replay: LogReplay;

  /** Use `loadSnapshot`, or `Snapshot.created` for the first commit. */
  constructor(location: string, version: number, replay: LogReplay) {
    this.location = location;
    this.#version = version;
    this.#replay = replay;
    this.#check();
  }

  /** The snapshot that the first commit of a table makes. */
  static created(location: string, actions: readonly Action[]): Snapshot {
    const replay = new LogReplay();
    replay.apply(actions);
    return new Snapshot(location, 0, replay);
  }

  /** The table's version. */
  get version(): number {
    return this.#version;
  }

  /** What a client must understand. */
  get protocol(): Protocol {
    return this.#replay.protocol!;
  }

  /** What the table is: its id, schema, partition columns and properties. */
  get metadata(): Metadata {
    return this.#replay.metadata!;
  }

  /** The table's columns, partition columns included. */
  get schema(): Schema {
    this.#schema ??= parseSchema(this.metadata.schemaString, this.location);
    return this.#schema;
  }

  /** What the newest commit says of itself; `undefined` where only a checkpoint of it was read. */
  get commitInfo(): CommitInfo | undefined {
    return this.#replay.commitInfo;
  }

  /** How many data files the table has. */
  get numFiles(): number {
    return this.#replay.files.size;
  }

  /** The data files of this version. */
  files(): Iterable<AddFile> {
    return this.#replay.files.values();
  }

  /** Files removed, as far as the log still knows them. */
  tombstones(): Iterable<RemoveFile> {
    return this.#replay.tombstones.values();
  }

  /** How far every application has come. */
  txns(): Iterable<SetTransaction> {
    return this.#replay.txns.values();
  }

  /** How far an application has come; `undefined` if it never wrote here. */
  txn(appId: string): SetTransaction | undefined {
    return this.#replay.txns.get(appId);
  }

  /** Settings of features and applications. */
  domains(): Iterable<DomainMetadata> {
    return this.#replay.domains.values();
  }

  /**
   * Moves on by one commit.
   *
   * @throws {SluiceError} `UNSUPPORTED_FEATURE` if the table cannot be read any more.
   */
  apply(commit: Commit): void {
    const { protocol, metadata } = this.#replay;
    this.#replay.apply(commit.actions);
    this.#version = commit.version;
    if (this.#replay.protocol === protocol && this.#replay.metadata === metadata) return;
    this.#schema = undefined;
    this.#check();
  }

  /** False if a commit of this version is another than the one that was taken in. */
  isAt(commit: Commit): boolean {
    const known = this.#replay.commitInfo;
    const found = commit.actions.find((action) => action.commitInfo !== undefined)?.commitInfo;
    if (known === undefined || found === undefined) return true;
    return JSON.stringify(known) === JSON.stringify(found);
  }

  #check(): void {
    const { protocol, metadata } = this.#replay;
    if (protocol === undefined || metadata === undefined) {
      throw new SluiceError("CORRUPT_LOG", {
        attempted: "read a Delta table",
        where: `${this.location} version ${this.version}`,
        found: `no ${protocol === undefined ? "protocol" : "metaData"} action`,
        wanted: "one of each in every table",
      });
    }
    if (typeof metadata.schemaString !== "string") {
      throw new SluiceError("CORRUPT_LOG", {
        attempted: "read a Delta table",
        where: `${this.location} version ${this.version}`,
        found: "a metaData action without a schemaString",
        wanted: "the schema of the table",
      });
    }
    refuseUnreadable(protocol, metadata, this.location);
  }
}

/**
 * Reads what a table is at a version, or now; `undefined` if there is no table.
 *
 * @throws {SluiceError} `CORRUPT_LOG` or `CORRUPT_CHECKPOINT` if the log is not whole;
 * `VERSION_NOT_FOUND`; `UNSUPPORTED_FEATURE` if the table asks of its readers what is not done here;
 * besides, what the store throws.
 *
 * @example
 * ```ts
 * import { equal, rejects } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { createTable } from "../commands/define/create_table.ts";
 * import { memoryLogStore } from "./memory_log_store.ts";
 * import { loadSnapshot } from "./snapshot.ts";
 *
 * const store = memoryLogStore();
 * equal(await loadSnapshot(store), undefined);
 * await createTable("trades", { schema: s.struct({ id: s.long() }), store });
 * equal((await loadSnapshot(store))?.version, 0);
 * await rejects(loadSnapshot(store, 1), { code: "VERSION_NOT_FOUND" });
 * ```
 */
export async function loadSnapshot(
  store: LogStore,
  version?: number,
): Promise<Snapshot | undefined> {
  for (let listing = 1;; listing++) {
    const names = await store.list();
    const segment = findLogSegment(names, store.location, version);
    if (segment === undefined) return undefined;
    const replay = await replayFrom(store, names, segment);
    if (replay !== undefined) return new Snapshot(store.location, segment.version, replay);
    if (listing === MAX_LISTINGS) {
      throw new SluiceError("CORRUPT_LOG", {
        attempted: "read a Delta table",
        where: store.location,
        found: "files that vanish between listing and reading, again and again",
        retryable: true,
      });
    }
  }
}

/**
 * Moves a snapshot on to the newest version and returns it with the commits it moved over; reads no
 * listing. Where the log has been cleaned up or made anew since, the snapshot is loaded afresh and
 * there are no commits; `undefined` if there is no table, or none any more. From no snapshot, the
 * commit that made the table is the only one returned.
 *
 * @throws {SluiceError} What `loadSnapshot` throws of the newest version.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { setProperties } from "../commands/define/alter_properties.ts";
 * import { createTable } from "../commands/define/create_table.ts";
 * import { memoryLogStore } from "./memory_log_store.ts";
 * import { loadSnapshot, updateSnapshot } from "./snapshot.ts";
 *
 * const store = memoryLogStore();
 * const table = await createTable("trades", { schema: s.struct({ id: s.long() }), store });
 * const before = await loadSnapshot(store);
 * await setProperties(table, { owner: "trading desk" });
 * const { snapshot, commits } = await updateSnapshot(store, before);
 * equal(snapshot?.version, 1);
 * deepEqual(commits.map(({ version }) => version), [1]);
 * ```
 */
export async function updateSnapshot(
  store: LogStore,
  snapshot: Snapshot | undefined,
): Promise<{ snapshot: Snapshot | undefined; commits: Commit[] }> {
  if (snapshot === undefined) {
    const first = await readCommit(store, 0);
    return { snapshot: await loadSnapshot(store), commits: first === undefined ? [] : [first] };
  }
  // A snapshot whose own commit is gone may have outlived a cleanup: what follows it would be gone
  // too, and the next version would look free. With another commit there, the table is another.
  const newest = await readCommit(store, snapshot.version);
  if (newest === undefined || !snapshot.isAt(newest)) {
    return { snapshot: await loadSnapshot(store), commits: [] };
  }
  const commits: Commit[] = [];
  for (;;) {
    const commit = await readCommit(store, snapshot.version + 1);
    if (commit === undefined) return { snapshot, commits };
    snapshot.apply(commit);
    commits.push(commit);
  }
}

/**
 * Reads a commit; `undefined` if there is none of that version.
 *
 * @throws {SluiceError} `CORRUPT_LOG`; besides, what the store throws.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { createTable } from "../commands/define/create_table.ts";
 * import { memoryLogStore } from "./memory_log_store.ts";
 * import { readCommit } from "./snapshot.ts";
 *
 * const store = memoryLogStore();
 * await createTable("trades", { schema: s.struct({ id: s.long() }), store });
 * const commit = await readCommit(store, 0);
 * equal(commit?.actions.find(({ commitInfo }) => commitInfo)?.commitInfo?.operation, "CREATE TABLE");
 * equal(await readCommit(store, 1), undefined);
 * ```
 */
export async function readCommit(store: LogStore, version: number): Promise<Commit | undefined> {
  const actions = await readActionsOf(store, commitName(version));
  return actions === undefined ? undefined : { version, actions };
}

/** Reads a commit, or a compacted file of several; `undefined` if there is no such file. */
async function readActionsOf(store: LogStore, name: string): Promise<Action[] | undefined> {
  const bytes = await store.read(name);
  return bytes === undefined ? undefined : parseActions(bytes, `${store.location}/${name}`);
}

/**
 * Replays a segment. Where a checkpoint or a compacted file is broken it goes by the older files
 * that say the same, if they are still there.
 */
async function replayFrom(
  store: LogStore,
  names: readonly string[],
  segment: LogSegment,
): Promise<LogReplay | undefined> {
  try {
    return await replaySegment(store, segment);
  } catch (error) {
    const broken = brokenFiles(segment, error);
    if (broken.length === 0) throw error;
    const others = names.filter((name) => !broken.includes(name));
    let older: LogSegment | undefined;
    try {
      older = findLogSegment(others, store.location, segment.version);
    } catch {
      throw error;
    }
    if (older === undefined) throw error;
    return await replayFrom(store, others, older);
  }
}

/** The files of a segment that can be done without and that an error may come from. */
function brokenFiles({ checkpoint, commits }: LogSegment, error: unknown): readonly string[] {
  if (!(error instanceof SluiceError)) return [];
  if (error.code === "CORRUPT_CHECKPOINT") return checkpoint?.names ?? [];
  return error.code === "CORRUPT_LOG"
    ? commits.filter(({ kind }) => kind === "compaction").map(({ name }) => name)
    : [];
}

/** Replays the files of a segment; `undefined` if one has vanished. */
async function replaySegment(
  store: LogStore,
  { checkpoint, commits }: LogSegment,
): Promise<LogReplay | undefined> {
  const replay = new LogReplay();
  if (checkpoint !== undefined) {
    const lists = await readCheckpoint(store, checkpoint.names);
    if (lists === undefined) return undefined;
    for (const actions of lists) replay.apply(actions);
  }
  for (let i = 0; i < commits.length; i += COMMITS_AT_ONCE) {
    const some = commits.slice(i, i + COMMITS_AT_ONCE);
    for (const actions of await Promise.all(some.map(({ name }) => readActionsOf(store, name)))) {
      if (actions === undefined) return undefined;
      replay.apply(actions);
    }
  }
  return replay;
}
