/** One entry of a table of state. */
export interface StateEntry {
  /** What it is found by. */
  readonly key: Uint8Array;
  /** What is known of it. */
  readonly value: Uint8Array;
  /** When it ends, in microseconds since 1970; `undefined` if it has no time. */
  readonly timeMicros: bigint | undefined;
}

/**
 * One table of an operator's state: keys and values in bytes, and for each entry maybe a time by which
 * old entries are found. What is written is seen at once by whoever reads on, and is kept when the
 * batch is committed. The iterators give what was there when they were called, whatever is written
 * while they run.
 */
export interface StateTable {
  /** How many entries there are. */
  readonly numRows: number;
  /** The value of a key. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** Writes an entry, in the place of the one that has its key. */
  put(key: Uint8Array, value: Uint8Array, timeMicros?: bigint): void;
  /** Writes an entry unless its key is there; returns whether it was written. */
  putIfAbsent(key: Uint8Array, value: Uint8Array, timeMicros?: bigint): boolean;
  /** Removes an entry if it is there; returns whether it was. */
  remove(key: Uint8Array): boolean;
  /** The entries whose keys begin with these bytes, in the order of their keys. */
  withPrefix(prefix: Uint8Array): Iterable<StateEntry>;
  /** The entries with a time of at most this, in the order of their times and then their keys. */
  upTo(timeMicros: bigint): Iterable<StateEntry>;
  /** Removes the entries with a time of at most this; returns how many. */
  removeUpTo(timeMicros: bigint): number;
  /** The earliest time of all entries; `undefined` if none has one. */
  earliestMicros(): bigint | undefined;
  /** All entries, in the order of their keys. */
  entries(): Iterable<StateEntry>;
}

/** The state of one operator: as many tables as it asks for, each by a name of its own. */
export interface StateTables {
  /** The table of that name, which is made if it is not there. */
  table(name: string): StateTable;
}
