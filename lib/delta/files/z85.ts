const ALPHABET =
  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
const DIGITS_PER_WORD = 5;
const BYTES_PER_WORD = 4;

/** The bytes of a Z85 text; `undefined` if it is none. See ZeroMQ's RFC 32. */
export function decodeZ85(text: string): Uint8Array | undefined {
  if (text.length % DIGITS_PER_WORD !== 0) return undefined;
  const bytes = new Uint8Array(text.length / DIGITS_PER_WORD * BYTES_PER_WORD);
  const view = new DataView(bytes.buffer);
  for (let at = 0, word = 0; at < text.length; word++) {
    let value = 0;
    for (const end = at + DIGITS_PER_WORD; at < end; at++) {
      const digit = ALPHABET.indexOf(text[at]!);
      if (digit < 0) return undefined;
      value = value * ALPHABET.length + digit;
    }
    if (value > 0xffff_ffff) return undefined;
    view.setUint32(word * BYTES_PER_WORD, value);
  }
  return bytes;
}
