// Sixteen bytes a step ("slicing by 16"): table t, at t * 256, has the effect of a byte that is
// followed by t more.
const TABLES = makeTables(16);

/** CRC-32C (Castagnoli) of `bytes[start, end)`, as an unsigned number. Spec: RFC 3720, B.4. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const t = TABLES;
  let crc = -1;
  let i = start;
  for (; i < end - 15; i += 16) {
    crc = t[0xf00 + ((crc ^ bytes[i]!) & 0xff)]! ^
      t[0xe00 + (((crc >>> 8) ^ bytes[i + 1]!) & 0xff)]! ^
      t[0xd00 + (((crc >>> 16) ^ bytes[i + 2]!) & 0xff)]! ^
      t[0xc00 + ((crc >>> 24) ^ bytes[i + 3]!)]! ^
      t[0xb00 + bytes[i + 4]!]! ^
      t[0xa00 + bytes[i + 5]!]! ^
      t[0x900 + bytes[i + 6]!]! ^
      t[0x800 + bytes[i + 7]!]! ^
      t[0x700 + bytes[i + 8]!]! ^
      t[0x600 + bytes[i + 9]!]! ^
      t[0x500 + bytes[i + 10]!]! ^
      t[0x400 + bytes[i + 11]!]! ^
      t[0x300 + bytes[i + 12]!]! ^
      t[0x200 + bytes[i + 13]!]! ^
      t[0x100 + bytes[i + 14]!]! ^
      t[bytes[i + 15]!]!;
  }
  for (; i < end; i++) crc = t[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(count: number): Int32Array {
  const tables = new Int32Array(count * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const previous = tables[i - 256]!;
    tables[i] = (previous >>> 8) ^ tables[previous & 0xff]!;
  }
  return tables;
}
