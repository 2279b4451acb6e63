const ALPHABET =
  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
const DIGITS_PER_WORD = 5;
const BYTES_PER_WORD = 4;

/**
 * The bytes of a Z85 text; `undefined` if it is none. See ZeroMQ's RFC 32. A last word
 * of fewer bytes may have a `#` in front for each that is wanting, as Rust's `z85` writes it; no whole
 * word begins with one.
 */
export function decodeZ85(text: string): Uint8Array | undefined {
  if (text.length % DIGITS_PER_WORD !== 0) return undefined;
  const wanting = /^#{0,3}/.exec(text.slice(-DIGITS_PER_WORD))![0].length;
  const lastWord = text.length - DIGITS_PER_WORD;
  const bytes = new Uint8Array(text.length / DIGITS_PER_WORD * BYTES_PER_WORD);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < text.length; at += DIGITS_PER_WORD) {
    let value = 0;
    for (let i = at === lastWord ? wanting : 0; i < DIGITS_PER_WORD; i++) {
      const digit = ALPHABET.indexOf(text[at + i]!);
      if (digit < 0) return undefined;
      value = value * ALPHABET.length + digit;
    }
    if (at === lastWord) value *= 256 ** wanting;
    if (value > 0xffff_ffff) return undefined;
    view.setUint32(at / DIGITS_PER_WORD * BYTES_PER_WORD, value);
  }
  return bytes.subarray(0, bytes.length - wanting);
}

/** The Z85 text of bytes, of which there are a multiple of four. */
export function encodeZ85(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += BYTES_PER_WORD) {
    let word = view.getUint32(at);
    let digits = "";
    for (let digit = 0; digit < DIGITS_PER_WORD; digit++) {
      digits = ALPHABET[word % ALPHABET.length]! + digits;
      word = Math.floor(word / ALPHABET.length);
    }
    text += digits;
  }
  return text;
}
