/** Whether a file was created, or was there already. */
export type PutOutcome = "created" | "exists";

/** Where the log keeps the parts of v2 checkpoints. */
export const SIDECARS = "_sidecars";

/**
 * The `_delta_log` of one table; names count from there, so that one of a sidecar begins with
 * `_sidecars/`. All that the protocol asks of storage is here: a file appears
 * whole or not at all, and `putIfAbsent` has one winner whoever else tries.
 */
export interface LogStore {
  /** Where it is, for errors. */
  readonly location: string;
  /** All names, in ascending order; none if there is no log yet. Folders are left out. */
  list(): Promise<string[]>;
  /** All names below `_sidecars`, in ascending order; none if there are none. */
  listSidecars(): Promise<string[]>;
  /** A file's bytes; `undefined` if there is none of that name. */
  read(name: string): Promise<Uint8Array | undefined>;
  /**
   * Creates a file unless it exists. Once this returns `"created"`, the file survives a crash of
   * the machine. After an error nobody knows whether it was created.
   */
  putIfAbsent(name: string, contents: Uint8Array): Promise<PutOutcome>;
  /** Writes a file, replacing what was there; readers see the old one or the new one. */
  write(name: string, contents: Uint8Array): Promise<void>;
  /** When a file was written, in milliseconds since 1970; `undefined` if there is none of that name. */
  modifiedMs(name: string): Promise<number | undefined>;
  /** Removes a file; one that is not there is no error. */
  remove(name: string): Promise<void>;
}
