import {
  formatTimestampMicros,
  MAX_TIMESTAMP_MICROS,
  MIN_TIMESTAMP_MICROS,
  SluiceError,
} from "../../core/mod.ts";
import type { EventTimes } from "./event_times.ts";
import type { WindowSpec } from "./window_spec.ts";

/**
 * The start of the pane of each row. Panes are the pieces that the starts and the ends of windows cut
 * time into: rows in one pane are in the same windows. Where windows do not overlap they are the
 * windows.
 */
export function paneStarts(
  { micros }: EventTimes,
  numRows: number,
  spec: WindowSpec,
): BigInt64Array<ArrayBuffer> {
  const { slideMicros, startMicros } = spec;
  const firstEnd = spec.durationMicros % slideMicros;
  const panes = new BigInt64Array(numRows);
  for (let row = 0; row < numRows; row++) {
    const time = micros[row]!;
    let past = (time - startMicros) % slideMicros;
    if (past < 0n) past += slideMicros;
    panes[row] = past >= firstEnd ? time - past + firstEnd : time - past;
  }
  return panes;
}

/**
 * The starts of all windows that a pane is in, the latest first.
 *
 * @throws {SluiceError} `BAD_VALUE` if one of them is not in the years 1 to 9999.
 */
export function windowStarts(pane: bigint, spec: WindowSpec): bigint[] {
  const { durationMicros, slideMicros, startMicros } = spec;
  let past = (pane - startMicros) % slideMicros;
  if (past < 0n) past += slideMicros;
  const starts: bigint[] = [];
  for (let start = pane - past; start + durationMicros > pane; start -= slideMicros) {
    refuseOutside(start, start + durationMicros, spec.column);
    starts.push(start);
  }
  return starts;
}

/**
 * Refuses a window that no table could hold.
 *
 * @throws {SluiceError} `BAD_VALUE`.
 */
export function refuseOutside(start: bigint, end: bigint, column: string): void {
  if (start >= MIN_TIMESTAMP_MICROS && end <= MAX_TIMESTAMP_MICROS) return;
  const near = start < MIN_TIMESTAMP_MICROS ? end : start;
  throw new SluiceError("BAD_VALUE", {
    attempted: "make the window of a row",
    where: `column "${column}"`,
    found: `a window around ${formatTimestampMicros(near)}`,
    wanted: "one within the years 1 to 9999",
    hint: `leave such rows out before they are grouped: where("${column} < '9999-01-01'")`,
  });
}
