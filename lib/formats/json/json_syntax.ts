/** How deep objects and arrays may lie in one another; Jackson's default too. */
const MAX_DEPTH = 1000;

const TOO_DEEP = -2147483648;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** 1 for the bytes of a string that are characters by themselves. */
const IS_PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number(byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH),
);
/** 1 for what may stand behind a backslash, but `u`. */
const IS_ESCAPED = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number('"\\/bfnrt'.includes(String.fromCharCode(byte))),
);

/**
 * The end of the JSON value that starts at `pos`, which is no whitespace. Negative if there is none
 * in `bytes[pos, end)`: then `~result` is where it goes wrong, unless it is nested too deep.
 */
export function skipValue(bytes: Uint8Array, pos: number, end: number, depth = 0): number {
  if (pos >= end) return ~pos;
  switch (bytes[pos]) {
    case QUOTE:
      return skipString(bytes, pos, end);
    case OPEN_BRACE:
      return depth === MAX_DEPTH ? TOO_DEEP : skipObject(bytes, pos, end, depth + 1);
    case OPEN_BRACKET:
      return depth === MAX_DEPTH ? TOO_DEEP : skipArray(bytes, pos, end, depth + 1);
    case 0x74: // t
      return skipWord(bytes, pos, end, "true");
    case 0x66: // f
      return skipWord(bytes, pos, end, "false");
    case 0x6e: // n
      return skipWord(bytes, pos, end, "null");
    default:
      return skipNumber(bytes, pos, end);
  }
}

/** The first byte from `pos` on that is no JSON whitespace; `end` if there is none. */
export function skipWhitespace(bytes: Uint8Array, pos: number, end: number): number {
  while (pos < end) {
    const byte = bytes[pos]!;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    pos++;
  }
  return pos;
}

/** The end of the JSON string that starts at `pos`, or as `skipValue` says. */
export function skipString(bytes: Uint8Array, pos: number, end: number): number {
  if (bytes[pos] !== QUOTE) return ~pos;
  pos++;
  for (;;) {
    while (pos < end && IS_PLAIN[bytes[pos]!] === 1) pos++;
    if (pos >= end) return ~end;
    const byte = bytes[pos]!;
    if (byte === QUOTE) return pos + 1;
    if (byte < 0x20) return ~pos;
    const next = byte === BACKSLASH ? skipEscape(bytes, pos, end) : skipUtf8(bytes, pos, end);
    if (next < 0) return next;
    pos = next;
  }
}

/**
 * The end of the well-formed UTF-8 sequence of two to four bytes that starts at `pos`, or `~pos`
 * (Unicode 17, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
 */
export function skipUtf8(bytes: Uint8Array, pos: number, end: number): number {
  const lead = bytes[pos]!;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || pos + length > end) return ~pos;
  const second = bytes[pos + 1]!;
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return ~pos;
  for (let i = 2; i < length; i++) {
    if ((bytes[pos + i]! & 0xc0) !== 0x80) return ~pos;
  }
  return pos + length;
}

/** What is wrong with `bytes[start, end)` as JSON text, for a person; `undefined` if nothing is. */
export function findSyntaxError(
  bytes: Uint8Array,
  start: number,
  end: number,
): string | undefined {
  let pos = skipValue(bytes, skipWhitespace(bytes, start, end), end);
  if (pos >= 0) {
    pos = skipWhitespace(bytes, pos, end);
    if (pos === end) return undefined;
    pos = ~pos;
  }
  if (pos === TOO_DEEP) return `nested deeper than ${MAX_DEPTH} levels`;
  const at = ~pos;
  if (at >= end) return `unexpected end at byte ${end - start}`;
  const byte = bytes[at]!;
  const found = byte > 0x20 && byte < 0x7f
    ? JSON.stringify(String.fromCharCode(byte))
    : `byte 0x${byte.toString(16).padStart(2, "0")}`;
  return `unexpected ${found} at byte ${at - start}`;
}

function skipObject(bytes: Uint8Array, pos: number, end: number, depth: number): number {
  pos = skipWhitespace(bytes, pos + 1, end);
  if (pos < end && bytes[pos] === CLOSE_BRACE) return pos + 1;
  for (;;) {
    if (pos >= end) return ~end;
    pos = skipString(bytes, pos, end);
    if (pos < 0) return pos;
    pos = skipWhitespace(bytes, pos, end);
    if (pos >= end || bytes[pos] !== COLON) return ~pos;
    pos = skipValue(bytes, skipWhitespace(bytes, pos + 1, end), end, depth);
    if (pos < 0) return pos;
    pos = skipWhitespace(bytes, pos, end);
    if (pos >= end) return ~end;
    if (bytes[pos] === CLOSE_BRACE) return pos + 1;
    if (bytes[pos] !== COMMA) return ~pos;
    pos = skipWhitespace(bytes, pos + 1, end);
  }
}

function skipArray(bytes: Uint8Array, pos: number, end: number, depth: number): number {
  pos = skipWhitespace(bytes, pos + 1, end);
  if (pos < end && bytes[pos] === CLOSE_BRACKET) return pos + 1;
  for (;;) {
    pos = skipValue(bytes, pos, end, depth);
    if (pos < 0) return pos;
    pos = skipWhitespace(bytes, pos, end);
    if (pos >= end) return ~end;
    if (bytes[pos] === CLOSE_BRACKET) return pos + 1;
    if (bytes[pos] !== COMMA) return ~pos;
    pos = skipWhitespace(bytes, pos + 1, end);
  }
}

function skipWord(bytes: Uint8Array, pos: number, end: number, word: string): number {
  for (let i = 0; i < word.length; i++, pos++) {
    if (pos >= end || bytes[pos] !== word.charCodeAt(i)) return ~pos;
  }
  return pos;
}

function skipNumber(bytes: Uint8Array, pos: number, end: number): number {
  if (bytes[pos] === MINUS) pos++;
  const whole = pos;
  pos = skipDigits(bytes, pos, end);
  if (pos < 0) return pos;
  if (bytes[whole] === ZERO && pos > whole + 1) return ~(whole + 1);
  if (pos < end && bytes[pos] === POINT) {
    pos = skipDigits(bytes, pos + 1, end);
    if (pos < 0) return pos;
  }
  if (pos < end && (bytes[pos]! | 0x20) === 0x65) { // e or E
    pos++;
    if (pos < end && (bytes[pos] === MINUS || bytes[pos] === 0x2b)) pos++;
    pos = skipDigits(bytes, pos, end);
  }
  return pos;
}

function skipDigits(bytes: Uint8Array, pos: number, end: number): number {
  const start = pos;
  while (pos < end && (bytes[pos]! ^ ZERO) <= 9) pos++;
  return pos === start ? ~pos : pos;
}

function skipEscape(bytes: Uint8Array, pos: number, end: number): number {
  pos++;
  if (pos >= end) return ~end;
  const letter = bytes[pos]!;
  if (letter !== 0x75) { // u
    return IS_ESCAPED[letter] === 1 ? pos + 1 : ~pos;
  }
  for (let i = 1; i <= 4; i++) {
    if (pos + i >= end) return ~end;
    const byte = bytes[pos + i]!;
    const letter = byte | 0x20;
    if ((byte ^ ZERO) > 9 && (letter < 0x61 || letter > 0x66)) return ~(pos + i);
  }
  return pos + 5;
}
