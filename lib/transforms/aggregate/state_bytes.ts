import type { ByteReader, ByteWriter } from "../../state/mod.ts";

/** Writes an integer of any size: the number of its 64-bit words, then these, low word first. */
export function writeInteger(writer: ByteWriter, value: bigint): void {
  const words: bigint[] = [];
  let rest = value;
  while (rest !== BigInt.asIntN(64, rest)) {
    words.push(BigInt.asIntN(64, rest));
    rest >>= 64n;
  }
  words.push(rest);
  writer.byte(words.length);
  for (const word of words) writer.int64(word);
}

/** Reads what `writeInteger` wrote. */
export function readInteger(reader: ByteReader): bigint {
  const words = reader.byte();
  let value = 0n;
  for (let word = 0; word < words; word++) {
    const bits = reader.int64();
    // The highest word has the sign.
    value |= (word === words - 1 ? bits : BigInt.asUintN(64, bits)) << BigInt(64 * word);
  }
  return value;
}

/** Writes bytes, and before them how many they are. */
export function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writer.count(bytes.length);
  writer.range(bytes, 0, bytes.length);
}

/** Reads what `writeBytes` wrote; not copied. */
export function readBytes(reader: ByteReader): Uint8Array {
  const length = reader.count();
  const start = reader.skip(length);
  return reader.bytes.subarray(start, start + length);
}
