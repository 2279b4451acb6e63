import type { LogStore } from "../../lib/delta/mod.ts";

/** A log store that calls `before` ahead of every put, and `after` behind it; both may throw. */
export function interrupted(
  store: LogStore,
  interruptions: {
    before?: (name: string) => void | Promise<void>;
    after?: (name: string) => void | Promise<void>;
    beforeRead?: (name: string) => void | Promise<void>;
  },
): LogStore {
  return {
    ...store,
    async read(name) {
      await interruptions.beforeRead?.(name);
      return await store.read(name);
    },
    async putIfAbsent(name, contents) {
      await interruptions.before?.(name);
      const outcome = await store.putIfAbsent(name, contents);
      await interruptions.after?.(name);
      return outcome;
    },
  };
}
