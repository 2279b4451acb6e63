import { makeFolder, putIfAbsent, replaceFile } from "../../core/mod.ts";
import { type LogStore, SIDECARS } from "./log_store.ts";

/**
 * The log of a table in a folder of this machine. The folder is made with the first file. What the
 * file system throws, the store's functions throw as it is.
 *
 * @param tablePath The table's folder: a path, no URL.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { localLogStore } from "./local_log_store.ts";
 *
 * const path = await Deno.makeTempDir();
 * const commit = new TextEncoder().encode("{}\n");
 * await localLogStore(path).putIfAbsent("00000000000000000000.json", commit);
 * deepEqual(await Deno.readFile(`${path}/_delta_log/00000000000000000000.json`), commit);
 * equal(await localLogStore(path).read("00000000000000000001.json"), undefined);
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export function localLogStore(tablePath: string): LogStore {
  const location = `${tablePath}/_delta_log`;
  const folderOf = (name: string) => `${location}/${name}`.replace(/\/[^/]*$/, "");
  return {
    location,
    list: () => fileNames(location),
    async listSidecars() {
      const names = await fileNames(`${location}/${SIDECARS}`);
      return names.map((name) => `${SIDECARS}/${name}`);
    },
    read: (name) => orAbsent(Deno.readFile(`${location}/${name}`)),
    async putIfAbsent(name, contents) {
      await makeFolder(folderOf(name));
      return await putIfAbsent(`${location}/${name}`, contents) ? "created" : "exists";
    },
    async write(name, contents) {
      await makeFolder(folderOf(name));
      await replaceFile(`${location}/${name}`, contents);
    },
    async modifiedMs(name) {
      const info = await orAbsent(Deno.stat(`${location}/${name}`));
      return info?.mtime?.getTime();
    },
    async remove(name) {
      await orAbsent(Deno.remove(`${location}/${name}`));
    },
  };
}

async function fileNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) if (entry.isFile) names.push(entry.name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/** What a step comes to; `undefined` if the file is not there. */
async function orAbsent<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
