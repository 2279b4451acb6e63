import {
  type Clock,
  makeFolder,
  putIfAbsent,
  replaceFile,
  syncFolder,
  systemClock,
} from "../core/mod.ts";
import { StateStore } from "../state/mod.ts";

/** The files of a checkpoint. What a call has written when it returns survives a power cut. */
export interface CheckpointFiles {
  /**
   * Makes a folder and those above it, unless it is there. What is in it by then survives a power cut
   * too: whoever wrote it may have been killed before that was so.
   */
  makeFolder(path: string): Promise<void>;
  /** Writes a file, whole or not at all, unless it is there; returns whether it was written. */
  putIfAbsent(path: string, contents: Uint8Array): Promise<boolean>;
  /** Writes a file in the place of the one that is there, if one is: readers see either, whole. */
  replace(path: string, contents: Uint8Array): Promise<void>;
  /** The contents of a file; `undefined` if it is not there. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** The names in a folder that is there. */
  list(folder: string): Promise<string[]>;
  /** Removes a file; nothing happens if it is not there. */
  remove(path: string): Promise<void>;
  /**
   * Locks a file, which is made if it is not there, until it is disposed of or the process ends,
   * however it ends. `contents` are for whoever finds it locked: these get what is in it.
   */
  lock(path: string, contents: string): Promise<Disposable | { readonly holder: string }>;
}

/** Where a query keeps its state. */
export interface StateFiles {
  /** True if there is a database. */
  isThere(path: string): Promise<boolean>;
  /** Opens the database, or makes it. */
  open(path: string): Promise<StateStore>;
}

/**
 * All that a query asks of the machine that it runs on, so that a simulation can take its place. What
 * sources and sinks ask for is theirs.
 */
export interface Environment {
  /** Its time. */
  readonly clock: Clock;
  /** Where checkpoints are. */
  readonly files: CheckpointFiles;
  /** Where state is. */
  readonly state: StateFiles;
  /** An id that nothing else has: a UUID. */
  newId(): string;
}

/** The machine itself. */
export const machine: Environment = {
  clock: systemClock,
  newId: () => crypto.randomUUID(),
  files: {
    async makeFolder(path) {
      await makeFolder(path);
      await syncFolder(path);
    },
    putIfAbsent,
    replace: replaceFile,
    read: readIfThere,
    list: (folder) => Array.fromAsync(Deno.readDir(folder), (entry) => entry.name),
    remove: removeIfThere,
    lock: lockFile,
  },
  state: {
    isThere: async (path) => await readInfo(path) !== undefined,
    open: (path) => StateStore.open({ path }),
  },
};

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return await unlessAbsent(() => Deno.readFile(path));
}

async function removeIfThere(path: string): Promise<void> {
  await unlessAbsent(() => Deno.remove(path));
}

async function readInfo(path: string): Promise<Deno.FileInfo | undefined> {
  return await unlessAbsent(() => Deno.stat(path));
}

async function unlessAbsent<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function lockFile(
  path: string,
  contents: string,
): Promise<Disposable | { readonly holder: string }> {
  const file = await Deno.open(path, { read: true, write: true, create: true });
  if (!await file.tryLock(true)) {
    return { holder: await new Response(file.readable).text() };
  }
  await file.truncate(0);
  await file.write(new TextEncoder().encode(contents));
  return { [Symbol.dispose]: () => file.close() };
}
