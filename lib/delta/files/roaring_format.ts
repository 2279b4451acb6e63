// The numbers of the Roaring format specification, "standard 32-bit Roaring Bitmap".

/** Begins a bitmap without run containers. */
export const COOKIE_WITHOUT_RUNS = 12346;
/** Begins, in its low 16 bits, a bitmap with some. */
export const COOKIE_WITH_RUNS = 12347;
/** With runs, offsets of containers are there only from this many on. */
export const NO_OFFSETS_BELOW = 4;
/** A container of more values is a bitset. */
export const MAX_ARRAY_VALUES = 4096;
/** The size of a bitset. */
export const BITSET_BYTES = 8192;
/** The values of a container share all bits above the lowest 16. */
export const VALUES_PER_CONTAINER = 65536;
