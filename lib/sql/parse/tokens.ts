import { badExpression, quoted } from "../sql_error.ts";

/** One word, number, string or sign of SQL text. */
export interface Token {
  /** A `word` may be a keyword; a `name` stood in back quotes and is never one. */
  readonly kind: "word" | "name" | "number" | "string" | "sign" | "end";
  /** The word, name, number or sign as written; of a string its value. */
  readonly text: string;
  /** The word in capitals, to compare with keywords; empty for all else but signs. */
  readonly keyword: string;
  /** Where it starts in the text. */
  readonly start: number;
  /** Where it ends, exclusive. */
  readonly end: number;
}

const SPACE = /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const WORD = /[\p{L}_][\p{L}\p{N}_]*/yu;
const NUMBER =
  /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:[lLsSyYfFdD]|[bB][dD])?(?![\p{L}\p{N}_])/yu;
const SIGN = /<=>|<>|!=|<=|>=|==|\|\||::|[-+*\/%=<>!(),.\[\]]/y;
const ESCAPES: Readonly<Record<string, string>> = {
  "0": "\0",
  b: "\b",
  n: "\n",
  r: "\r",
  t: "\t",
  Z: "\x1a",
  // LIKE reads these two once more, so the backslash stays.
  "%": "\\%",
  _: "\\_",
};

/**
 * Splits SQL text into tokens; the last one is of kind `end`.
 *
 * @throws {SluiceError} `BAD_EXPRESSION` at a character that starts no token, or an open quote or comment.
 */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const token = nextToken(text, at);
    found.push(token);
    at = skipSpace(text, token.end);
  }
  found.push({ kind: "end", text: "", keyword: "", start: text.length, end: text.length });
  return found;
}

function nextToken(text: string, start: number): Token {
  const char = text.charAt(start);
  if (char === "'" || char === '"') return quotedToken(text, start, start, "string");
  if (char === "`") return quotedToken(text, start, start, "name");
  // r'…' is a string in which a backslash is a backslash.
  if (/^[rR]['"]/.test(text.slice(start, start + 2))) {
    return quotedToken(text, start, start + 1, "string");
  }
  const word = matchAt(WORD, text, start);
  if (word !== undefined) {
    const end = start + word.length;
    return { kind: "word", text: word, keyword: word.toUpperCase(), start, end };
  }
  const number = matchAt(NUMBER, text, start);
  if (number !== undefined) {
    return { kind: "number", text: number, keyword: "", start, end: start + number.length };
  }
  const sign = matchAt(SIGN, text, start);
  const isOpenComment = text.startsWith("/*", start);
  if (sign !== undefined && !isOpenComment) {
    return { kind: "sign", text: sign, keyword: sign, start, end: start + sign.length };
  }
  throw badExpression(text, {
    where: `character ${start + 1}`,
    found: quoted(text.slice(start, start + 10)),
    wanted: isOpenComment ? "*/ at the end of the comment" : "a name, a literal or an operator",
  });
}

/** A string or name: doubled quotes stand for one; in strings a backslash starts an escape. */
function quotedToken(text: string, start: number, open: number, kind: "string" | "name"): Token {
  const quote = text.charAt(open);
  const isRaw = kind === "name" || open > start;
  let value = "";
  let at = open + 1;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === quote) {
      const isDoubled = text.charAt(at + 1) === quote && (kind === "name" || !isRaw);
      if (!isDoubled) return { kind, text: value, keyword: "", start, end: at + 1 };
      value += quote;
      at += 2;
    } else if (char === "\\" && !isRaw && at + 1 < text.length) {
      const escape = readEscape(text, at + 1);
      value += escape.value;
      at = escape.end;
    } else {
      value += char;
      at++;
    }
  }
  throw badExpression(text, {
    where: `character ${start + 1}`,
    found: `${quoted(text.slice(start, start + 20))} without an end`,
    wanted: `a closing ${quote}`,
  });
}

function readEscape(text: string, at: number): { value: string; end: number } {
  const unicode = /^(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(text.slice(at, at + 9));
  if (unicode !== null) {
    const point = parseInt(unicode[1] ?? unicode[2] ?? "", 16);
    if (point <= 0x10ffff) {
      const value = unicode[1] === undefined
        ? String.fromCodePoint(point)
        : String.fromCharCode(point);
      return { value, end: at + unicode[0].length };
    }
  }
  const octal = /^[01][0-7]{2}/.exec(text.slice(at, at + 3));
  if (octal !== null) {
    return { value: String.fromCharCode(parseInt(octal[0], 8)), end: at + 3 };
  }
  const char = text.charAt(at);
  return { value: ESCAPES[char] ?? char, end: at + 1 };
}

function skipSpace(text: string, at: number): number {
  return at + (matchAt(SPACE, text, at)?.length ?? 0);
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
