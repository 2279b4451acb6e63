/** More arguments of one call than this overflow the stack. */
const MAX_ARGUMENTS = 4096;

/**
 * Bytes as the key of a JavaScript `Map` or `Set`: equal texts for equal bytes.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { mapKey } from "./map_key.ts";
 *
 * equal(mapKey(Uint8Array.of(0, 255)), mapKey(Uint8Array.of(0, 255)));
 * ```
 */
export function mapKey(bytes: Uint8Array): string {
  if (bytes.length <= MAX_ARGUMENTS) return String.fromCharCode(...bytes);
  let text = "";
  for (let start = 0; start < bytes.length; start += MAX_ARGUMENTS) {
    text += String.fromCharCode(...bytes.subarray(start, start + MAX_ARGUMENTS));
  }
  return text;
}
