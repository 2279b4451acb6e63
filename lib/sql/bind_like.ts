import { type Bound, call } from "./bound.ts";
import { coerce, fold, literal } from "./coerce.ts";
import { matchesLike, parseLike } from "./values/like_pattern.ts";
import { badValue, quoted } from "./sql_error.ts";

/**
 * `text LIKE pattern`, as a call `like(text, pattern, escape)`. `undefined` for what is no text and
 * for a literal that is no pattern.
 */
export function bindLike(operand: Bound, pattern: Bound, escape: string): Bound | undefined {
  const text = coerce(operand, "string");
  const like = coerce(pattern, "string");
  if (text === undefined || like === undefined) return undefined;
  const args = [text, like, literal("string", escape)];
  if (like.kind === "literal" && typeof like.value === "string") {
    const parsed = parseLike(like.value, escape);
    if (parsed === undefined) return undefined;
    return fold(call("like", "boolean", args, (value: string) => matchesLike(value, parsed)));
  }
  return fold(call("like", "boolean", args, (value: string, by: string) => {
    const parsed = parseLike(by, escape);
    if (parsed !== undefined) return matchesLike(value, parsed);
    throw badValue(`the pattern ${quoted(by)}`, `${quoted(escape)} only before _, % and itself`);
  }));
}
