import type { LogStore } from "./log_store.ts";

/** A log that lives as long as the process: for tests, and to try things out. */
export function memoryLogStore(): LogStore {
  const files = new Map<string, Uint8Array>();
  return {
    location: "memory",
    list: () => Promise.resolve([...files.keys()].sort()),
    read: (name) => Promise.resolve(files.get(name)?.slice()),
    putIfAbsent(name, contents) {
      if (files.has(name)) return Promise.resolve("exists");
      files.set(name, contents.slice());
      return Promise.resolve("created");
    },
    write(name, contents) {
      files.set(name, contents.slice());
      return Promise.resolve();
    },
  };
}
