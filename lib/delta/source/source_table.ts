import { type Schema, SluiceError } from "../../core/mod.ts";
import { type TableLayout, tableLayout } from "../files/table_layout.ts";
import { localLogStore } from "../log/local_log_store.ts";
import { LogReplay } from "../log/log_replay.ts";
import type { LogStore } from "../log/log_store.ts";
import { loadSnapshot, type Snapshot, updateSnapshot } from "../log/snapshot.ts";
import type { Metadata, Protocol } from "../protocol/actions.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { refuseUnfit } from "./fit_schema.ts";
import { ATTEMPTED } from "./source_options.ts";

/** What a table is from a version on. */
interface TableSince {
  readonly version: number;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  /** Worked out when it is asked for. */
  layout?: TableLayout;
}

/**
 * A table that is read as a stream, with all versions there are of it. Rows of versions that were
 * there when the query was started are read with the columns that the table had then, as column
 * mapping lets old files be read; those that came since with the columns of their version.
 */
export class SourceTable {
  /** The table's folder. */
  readonly path: string;
  /** Its log. */
  readonly store: LogStore;
  readonly #schema: Schema;
  #snapshot: Snapshot;
  /** Oldest first; the first one is good for all that was there before. */
  #history: TableSince[] = [];
  /** True if the snapshot may have moved on by commits that nobody looked at. */
  #isUnknown = false;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(path: string, store: LogStore, schema: Schema, snapshot: Snapshot) {
    this.path = path;
    this.store = store;
    this.#schema = schema;
    this.#snapshot = snapshot;
    this.#begin();
  }

  /**
   * Opens a table of which these columns are to be read.
   *
   * @throws {SluiceError} `TABLE_NOT_FOUND`, `SCHEMA_MISMATCH`, `CORRUPT_LOG`,
   * `UNSUPPORTED_FEATURE`, `DELTA_STORAGE`.
   */
  static async open(path: string, schema: Schema): Promise<SourceTable> {
    const store = localLogStore(path);
    const snapshot = await withStorageErrors(ATTEMPTED, path, () => loadSnapshot(store));
    if (snapshot === undefined) throw tableNotFound(path);
    const table = new SourceTable(path, store, schema, snapshot);
    table.layoutAt(snapshot.version);
    return table;
  }

  /** The newest version that is known. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * Looks for newer versions.
   *
   * @throws {SluiceError} `TABLE_NOT_FOUND` if there is no table any more, and what `open` throws.
   */
  async refresh(): Promise<Snapshot> {
    // One at a time, as the snapshot moves on in place.
    const refreshed = this.#turn.then(() => this.#refresh());
    this.#turn = refreshed.catch(() => {});
    await refreshed;
    return this.#snapshot;
  }

  /**
   * What the table asks of the files of a version.
   *
   * @throws {SluiceError} `SCHEMA_MISMATCH` if it does not have the columns that are to be read.
   */
  layoutAt(version: number): TableLayout {
    const table = this.#history.findLast((each) => each.version <= version) ?? this.#history[0]!;
    table.layout ??= tableLayout(this.path, table.protocol, table.metadata);
    refuseUnfit(this.#schema, table.layout.schema, `${this.path} version ${table.version}`);
    return table.layout;
  }

  async #refresh(): Promise<void> {
    const before = this.#isUnknown ? undefined : this.#snapshot;
    this.#isUnknown = true;
    const { snapshot, commits } = await withStorageErrors(
      ATTEMPTED,
      this.path,
      () => updateSnapshot(this.store, before),
    );
    if (snapshot === undefined) throw tableNotFound(this.path);
    this.#snapshot = snapshot;
    this.#isUnknown = false;
    // It was loaded afresh, and what happened in between is not known.
    if (snapshot !== before) return this.#begin();
    for (const { version, actions } of commits) {
      const last = this.#history.at(-1)!;
      const replay = new LogReplay();
      replay.apply(actions);
      const { protocol = last.protocol, metadata = last.metadata } = replay;
      if (protocol === last.protocol && metadata === last.metadata) continue;
      this.#history.push({ version, protocol, metadata });
    }
  }

  #begin(): void {
    const { protocol, metadata, version } = this.#snapshot;
    this.#history = [{ version, protocol, metadata }];
  }
}

function tableNotFound(path: string): SluiceError {
  return new SluiceError("TABLE_NOT_FOUND", {
    attempted: ATTEMPTED,
    where: path,
    found: "no _delta_log with a commit",
  });
}
