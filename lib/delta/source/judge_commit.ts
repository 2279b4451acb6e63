import { SluiceError } from "../../core/mod.ts";
import type { Commit } from "../log/snapshot.ts";
import type { AddFile } from "../protocol/actions.ts";
import type { CheckedOptions } from "./source_options.ts";

/**
 * The files that a commit adds to a table which is read as a stream of what is added. Those that
 * only rearrange rows are left out. As in Spark, a commit that takes rows away stops the query
 * unless the options say what is to become of it.
 *
 * @throws {SluiceError} `DELTA_SOURCE_IGNORE_DELETE` for a commit that only deletes,
 * `DELTA_SOURCE_TABLE_IGNORE_CHANGES` for one that adds too.
 */
export function addedFiles(
  { version, actions }: Commit,
  path: string,
  { ignoreDeletes = false, skipChangeCommits = false }: CheckedOptions,
): AddFile[] {
  const added = actions.map(({ add }) => add).filter((add) => add?.dataChange === true);
  const removed = actions.find(({ remove }) => remove?.dataChange === true)?.remove;
  if (removed === undefined) return added as AddFile[];
  if (skipChangeCommits) return [];
  if (added.length > 0) throw changedData(path, version, removed.path);
  if (!ignoreDeletes) throw deletedData(path, version, removed.path);
  return [];
}

function deletedData(path: string, version: number, file: string): SluiceError {
  return new SluiceError("DELTA_SOURCE_IGNORE_DELETE", {
    attempted: "stream what is added to a Delta table",
    where: `${path} version ${version}`,
    found: `deleted data (for example ${file})`,
    wanted: "a commit that only adds",
    hint:
      "if you'd like to ignore deletes, set the option ignoreDeletes to true; to read them as " +
      "rows, let the table keep its changes and set readChangeFeed",
  });
}

function changedData(path: string, version: number, file: string): SluiceError {
  return new SluiceError("DELTA_SOURCE_TABLE_IGNORE_CHANGES", {
    attempted: "stream what is added to a Delta table",
    where: `${path} version ${version}`,
    found: `a data update (for example ${file})`,
    wanted: "a commit that only adds",
    hint: "if this is going to happen regularly and you are okay to skip changes, set the option " +
      "skipChangeCommits to true. If you would like the data update to be reflected, start the " +
      "query with an empty checkpointLocation; to read updates as rows, let the table keep its " +
      "changes and set readChangeFeed",
  });
}
