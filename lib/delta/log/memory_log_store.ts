import { type LogStore, SIDECARS } from "./log_store.ts";

/** A file, and when it was written. */
interface MemoryFile {
  readonly contents: Uint8Array;
  readonly modifiedMs: number;
}

/**
 * A log that lives as long as the process: for tests, and to try things out.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { memoryLogStore } from "./memory_log_store.ts";
 *
 * const store = memoryLogStore();
 * const commit = new TextEncoder().encode("{}\n");
 * equal(await store.putIfAbsent("00000000000000000000.json", commit), "created");
 * equal(await store.putIfAbsent("00000000000000000000.json", commit), "exists");
 * deepEqual(await store.list(), ["00000000000000000000.json"]);
 * ```
 */
export function memoryLogStore(): LogStore {
  const files = new Map<string, MemoryFile>();
  const put = (name: string, contents: Uint8Array) =>
    files.set(name, { contents: contents.slice(), modifiedMs: Date.now() });
  return {
    location: "memory",
    list: () => Promise.resolve([...files.keys()].filter((name) => !name.includes("/")).sort()),
    listSidecars: () =>
      Promise.resolve([...files.keys()].filter((name) => name.startsWith(`${SIDECARS}/`)).sort()),
    read: (name) => Promise.resolve(files.get(name)?.contents.slice()),
    putIfAbsent(name, contents) {
      if (files.has(name)) return Promise.resolve("exists");
      put(name, contents);
      return Promise.resolve("created");
    },
    write(name, contents) {
      put(name, contents);
      return Promise.resolve();
    },
    modifiedMs: (name) => Promise.resolve(files.get(name)?.modifiedMs),
    remove(name) {
      files.delete(name);
      return Promise.resolve();
    },
  };
}
