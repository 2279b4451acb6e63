import { type Bound, call } from "../bound.ts";
import { cast, coerce, fold } from "../coerce.ts";
import { isNested } from "../values/sql_type.ts";
import { simple, type SqlFunction, type SqlFunctions } from "./sql_function.ts";

const length: SqlFunction = {
  usage: "length(text or binary)",
  bind: ([arg, ...more]) => {
    if (arg === undefined || more.length > 0) return undefined;
    if (arg.type === "binary") {
      return fold(call("length", "integer", [arg], (bytes: Uint8Array) => bytes.length));
    }
    const text = coerce(arg, "string");
    return text && fold(call("length", "integer", [text], (value: string) => [...value].length));
  },
};

const substring = simple(
  "substring(text, start [, length])",
  ["string", "integer", "integer"],
  "string",
  (text: string, start: number, count = Infinity) => {
    const characters = [...text];
    // 1 is the first character, and so is 0; -1 is the last.
    const from = start > 0 ? start - 1 : start < 0 ? characters.length + start : 0;
    return characters.slice(Math.max(from, 0), Math.max(from + count, 0)).join("");
  },
  1,
);

/** Functions of text. Positions and lengths count characters, not bytes. */
export const textFunctions: SqlFunctions = {
  length,
  char_length: length,
  character_length: length,
  substring,
  substr: substring,
  lower: simple("lower(text)", ["string"], "string", (text: string) => text.toLowerCase()),
  upper: simple("upper(text)", ["string"], "string", (text: string) => text.toUpperCase()),
  trim: simple("trim(text)", ["string"], "string", (text: string) => text.replace(/^ +| +$/g, "")),
  ltrim: simple("ltrim(text)", ["string"], "string", (text: string) => text.replace(/^ +/, "")),
  rtrim: simple("rtrim(text)", ["string"], "string", (text: string) => text.replace(/ +$/, "")),
  startswith: simple(
    "startswith(text, prefix)",
    ["string", "string"],
    "boolean",
    (text: string, prefix: string) => text.startsWith(prefix),
  ),
  endswith: simple(
    "endswith(text, suffix)",
    ["string", "string"],
    "boolean",
    (text: string, suffix: string) => text.endsWith(suffix),
  ),
  contains: simple(
    "contains(text, part)",
    ["string", "string"],
    "boolean",
    (text: string, part: string) => text.includes(part),
  ),
  concat: { usage: "concat(text, …)", bind: bindConcat },
  rlike: { usage: "rlike(text, 'pattern')", bind: bindRlike },
};

/** Joins texts; values that are no text are cast. */
export function bindConcat(args: readonly Bound[]): Bound | undefined {
  const texts: Bound[] = [];
  for (const arg of args) {
    const text = isNested(arg.type) ? undefined : cast(arg, "string");
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return fold(call("concat", "string", texts, (...parts: string[]) => parts.join("")));
}

/**
 * A regular expression found anywhere in the text. Java's and JavaScript's are alike in the common
 * part; what only Java knows is refused, and so are its nested classes, which would match otherwise.
 */
function bindRlike(args: readonly Bound[]): Bound | undefined {
  const [arg, pattern, ...more] = args;
  if (arg === undefined || pattern === undefined || more.length > 0) return undefined;
  const text = coerce(arg, "string");
  if (text === undefined || pattern.kind !== "literal") return undefined;
  if (typeof pattern.value !== "string" || /\[[^\]]*(?:\[|&&)/.test(pattern.value)) {
    return undefined;
  }
  const expression = javaPattern(pattern.value);
  if (expression === undefined) return undefined;
  return fold(call("rlike", "boolean", [text], (value: string) => expression.test(value)));
}

function javaPattern(pattern: string): RegExp | undefined {
  const [, flags = "", body = ""] = /^(?:\(\?([ims]+)\))?([\s\S]*)$/.exec(pattern) ?? [];
  try {
    return new RegExp(body, `u${[...new Set(flags)].join("")}`);
  } catch {
    return undefined;
  }
}
