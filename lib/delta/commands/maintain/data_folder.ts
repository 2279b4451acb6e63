import { resolve } from "node:path";
import { locateFile } from "../../files/file_in_table.ts";
import { vectorPath } from "../../files/deletion_vector.ts";
import { partitionFolder } from "../../protocol/partition_values.ts";
import type { TableLayout } from "../../files/table_layout.ts";
import type { DeletionVector } from "../../protocol/actions.ts";

const CHANGE_DATA = "_change_data";

/** What lies in a table's folder, the log apart: absolute paths without links. */
export interface FolderContents {
  /** All files. */
  readonly files: readonly string[];
  /** All folders, those within others first. */
  readonly folders: readonly string[];
  /** True if there are links, so that a file may go by several paths. */
  readonly hasLinks: boolean;
}

/**
 * Lists a table's folder. What begins with `_` or `.` is not the table's own, but for folders of
 * partitions that are named so and of the change data feed. Links are not followed, nor listed.
 */
export async function listDataFolder(root: string, layout: TableLayout): Promise<FolderContents> {
  const files: string[] = [];
  const folders: string[] = [];
  let hasLinks = false;
  const partitions = partitionPrefixes(layout);
  const isHidden = (name: string) =>
    /^[_.]/.test(name) && !partitions.some((prefix) => name.startsWith(prefix));
  const list = async (folder: string): Promise<void> => {
    for await (const { name, isFile, isDirectory, isSymlink } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      hasLinks ||= isSymlink;
      if (isHidden(name) && path !== `${root}/${CHANGE_DATA}`) continue;
      if (isFile) files.push(path);
      if (!isDirectory) continue;
      await list(path);
      folders.push(path);
    }
  };
  await list(root);
  return { files, folders, hasLinks };
}

/**
 * The absolute paths of files that the log names, and of the deletion vectors that belong to them;
 * where there are links, also the paths that these lead to.
 *
 * @throws {SluiceError} `UNSAFE_PATH` or `CORRUPT_LOG` for a path that leads nowhere known: the file
 * may be any.
 */
export async function namedFiles(
  root: string,
  named: Iterable<{ readonly path: string; readonly deletionVector?: DeletionVector }>,
  hasLinks: boolean,
): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const { path, deletionVector } of named) {
    const vector = deletionVector && vectorPath(root, deletionVector);
    for (const file of [locateFile(root, path), ...(vector === undefined ? [] : [vector])]) {
      paths.add(resolve(file));
      // An absolute path may lead into the table through links from anywhere.
      if (!hasLinks && file.startsWith(`${root}/`)) continue;
      paths.add(await Deno.realPath(file).catch(() => file));
    }
  }
  return paths;
}

/** How the names of folders of partitions begin, by whatever name their column goes. */
function partitionPrefixes({ schema, partitionColumns, mapping }: TableLayout): string[] {
  return schema.fields.filter(({ name }) => partitionColumns.includes(name))
    .flatMap((field) => [field.name, mapping.physicalName(field)])
    .map((name) => partitionFolder({ [name]: "" }).slice(0, -1));
}
