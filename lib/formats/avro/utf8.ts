const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** True if `bytes[start, end)` is well-formed UTF-8. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if (bytes[i]! < 0x80) continue;
    try {
      decoder.decode(bytes.subarray(i, end));
      return true;
    } catch {
      return false;
    }
  }
  return true;
}
