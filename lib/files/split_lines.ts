import type { Records } from "./record_stream.ts";

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The lines from `start` on: at most `maxLines`, and none after those that reach `maxBytes`. What
 * follows the last line break is a line only at the end of the file.
 */
export function splitLines(
  bytes: Uint8Array,
  start: number,
  atEndOfFile: boolean,
  maxLines: number,
  maxBytes: number,
): Records {
  const starts = new Int32Array(maxLines);
  const ends = new Int32Array(maxLines);
  let count = 0;
  let byteLength = 0;
  let next = start;
  while (count < maxLines && byteLength < maxBytes && next < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, next);
    if (newline < 0 && !atEndOfFile) break;
    let end = newline < 0 ? bytes.length : newline;
    const after = newline < 0 ? end : end + 1;
    if (end > next && bytes[end - 1] === CARRIAGE_RETURN) end--;
    starts[count] = next;
    ends[count++] = end;
    byteLength += end - next;
    next = after;
  }
  return { count, starts, ends, next, byteLength };
}
