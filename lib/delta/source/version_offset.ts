import { SluiceError } from "../../core/mod.ts";

/**
 * Rows of one version that offsets can tell apart. Versions go up to 922 million then, within the
 * 63 bits that sinks keep offsets in.
 */
const ROWS_PER_VERSION = 10_000_000_000n;

/** A place among the rows that versions of a table added or changed. */
export interface VersionPlace {
  /** The version. */
  readonly version: number;
  /** The row among those of the version's files, in their order, deleted ones counted too. */
  readonly index: number;
}

/**
 * The offset of a row: its version in front, its index in the last ten digits, so that the first
 * row of version 41 is at 410000000000. The end of a version is the beginning of the next.
 *
 * @throws {SluiceError} `UNSUPPORTED_TABLE` for more rows in a version than there are offsets.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { offsetOf, placeOf } from "./version_offset.ts";
 *
 * equal(offsetOf({ version: 41, index: 7 }), 410000000007n);
 * deepEqual(placeOf(410000000007n), { version: 41, index: 7 });
 * ```
 */
export function offsetOf({ version, index }: VersionPlace): bigint {
  if (BigInt(index) >= ROWS_PER_VERSION) {
    throw new SluiceError("UNSUPPORTED_TABLE", {
      attempted: "read a Delta table as a stream",
      where: `version ${version}`,
      found: `more than ${ROWS_PER_VERSION} rows`,
      wanted: "fewer in one version",
      hint: "read the table as it is first, and stream what is added: set startingVersion",
    });
  }
  return BigInt(version) * ROWS_PER_VERSION + BigInt(index);
}

/** The place that an offset stands for. */
export function placeOf(offset: bigint): VersionPlace {
  return {
    version: Number(offset / ROWS_PER_VERSION),
    index: Number(offset % ROWS_PER_VERSION),
  };
}
