import type { Action, AddFile, DeletionVector, RemoveFile } from "../protocol/actions.ts";

/** What became of a row whose file does not tell. */
export type ChangeType = "insert" | "delete";

/** A commit of which the changes are read. */
export interface ChangedCommit {
  /** The version that it made. */
  readonly version: number;
  /** When, in milliseconds since 1970. */
  readonly timestampMs: number;
  /** What it says of files. */
  readonly actions: readonly Action[];
}

/** A file with rows that a commit changed. */
export interface ChangedFile {
  /** Where to read. */
  readonly file: AddFile;
  /** What became of the rows; `undefined`: the file has a column that tells. */
  readonly change: ChangeType | undefined;
  /** Only those rows are meant that the file's deletion vector lists and this one does not. */
  readonly deletedSince?: { readonly vector: DeletionVector | undefined };
  /** The commit that changed them. */
  readonly commit: ChangedCommit;
}

/**
 * The files with the changes of a commit: its change files if it has some, else the data files that
 * came and went. Where only the deletion vector of a file changed, the rows are those of the
 * difference.
 */
export function* changedFiles(commit: ChangedCommit): Generator<ChangedFile> {
  const { actions } = commit;
  const changes = actions.map(({ cdc }) => cdc).filter((cdc) => cdc !== undefined);
  for (const cdc of changes) {
    yield { file: { ...cdc, modificationTime: commit.timestampMs }, change: undefined, commit };
  }
  if (changes.length > 0) return;
  const removed = new Map<string, RemoveFile>();
  for (const { remove } of actions) if (remove?.dataChange) removed.set(remove.path, remove);
  for (const { add } of actions) {
    if (add?.dataChange !== true) continue;
    const before = removed.get(add.path);
    removed.delete(add.path);
    if (before === undefined) {
      yield { file: add, change: "insert", commit };
      continue;
    }
    const { deletionVector: old } = before;
    const { deletionVector: vector } = add;
    if (vector !== undefined) {
      yield { file: add, change: "delete", deletedSince: { vector: old }, commit };
    }
    if (old !== undefined) {
      const file = { ...add, deletionVector: old };
      yield { file, change: "insert", deletedSince: { vector }, commit };
    }
  }
  for (const remove of removed.values()) {
    yield { file: asAdd(remove, commit), change: "delete", commit };
  }
}

function asAdd(remove: RemoveFile, { timestampMs }: ChangedCommit): AddFile {
  const { path, partitionValues = {}, size = 0, dataChange, deletionVector } = remove;
  return {
    path,
    partitionValues,
    size,
    modificationTime: timestampMs,
    dataChange,
    ...(remove.stats === undefined ? {} : { stats: remove.stats }),
    ...(deletionVector === undefined ? {} : { deletionVector }),
  };
}
