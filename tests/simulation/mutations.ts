/**
 * Mistakes that a real part could make, to be switched on in its counterpart here: a simulation that
 * does not notice them is worth nothing.
 */
export const MUTATIONS = [
  /** It writes a batch without asking whether it has its key. */
  "sink that forgets the key",
  /** It keeps the key, but not in one step with the rows. */
  "sink that keeps the key first",
  /** It leaves rows where they are, though their keys are gone. */
  "sink that forgets deletes",
  /** It takes rows only, though it said that it keeps dead letters too. */
  "sink that drops dead letters",
  /** What was written to the state stays there when its transaction is not committed. */
  "state that is not taken back",
  /** A file is said to be written before it is on the disk. */
  "disk that flushes nothing",
  /** A second plan of the same batch takes the place of the first. */
  "disk that replaces plans",
  /** A read that was cut short says that it came to the end of its range. */
  "broker that claims cut reads whole",
] as const;

/** The name of one. */
export type Mutation = typeof MUTATIONS[number];
