import { makeFolder, putIfAbsent, replaceFile } from "../../core/mod.ts";
import type { LogStore } from "./log_store.ts";

/** The log of a table in a folder of this machine. The folder is made with the first file. */
export function localLogStore(tablePath: string): LogStore {
  const location = `${tablePath}/_delta_log`;
  return {
    location,
    async list() {
      const names: string[] = [];
      try {
        for await (const entry of Deno.readDir(location)) if (entry.isFile) names.push(entry.name);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      return names.sort();
    },
    async read(name) {
      try {
        return await Deno.readFile(`${location}/${name}`);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
    },
    async putIfAbsent(name, contents) {
      await makeFolder(location);
      return await putIfAbsent(`${location}/${name}`, contents) ? "created" : "exists";
    },
    async write(name, contents) {
      await makeFolder(location);
      await replaceFile(`${location}/${name}`, contents);
    },
  };
}
