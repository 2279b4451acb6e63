import { badOption } from "../core/mod.ts";

/** Which files are looked for: those in a folder, or those whose paths are like a pattern. */
export interface FilePattern {
  /** The folder that all of them are in or below. */
  readonly root: string;
  /** What each folder below it and at last the file is called. */
  readonly names: readonly RegExp[];
}

const ANY_NAME = /^.*$/s;
const WILDCARD = /[*?[{\\]/;

/**
 * Reads a path as Spark's file source does: it is a folder, whose files are meant but not those of
 * folders in it, or a pattern with `*`, `?`, `[abc]`, `[a-z]`, `[^a]`, `{one,other}`, and `\`
 * before a character that stands for itself. None of these matches a slash.
 *
 * @throws {SluiceError} `BAD_OPTION` for a pattern with a bracket that is not closed.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { filePattern } from "./file_pattern.ts";
 *
 * const { root, names } = filePattern("data/in/2024-*\/part-?.{csv,csv.gz}", "read files");
 * equal(root, "data/in");
 * equal(names[0]!.test("2024-01"), true);
 * equal(names[1]!.test("part-1.csv.gz"), true);
 * equal(names[1]!.test("part-12.csv"), false);
 * ```
 */
export function filePattern(path: string, attempted: string): FilePattern {
  const parts = path.replace(/(?<=.)\/+$/, "").split("/");
  const first = parts.findIndex((part) => WILDCARD.test(part));
  if (first < 0) return { root: parts.join("/") || "/", names: [ANY_NAME] };
  const root = parts.slice(0, first).join("/");
  return {
    root: root !== "" ? root : path.startsWith("/") ? "/" : ".",
    names: parts.slice(first).map((part) => nameExpression(part, path, attempted)),
  };
}

function nameExpression(glob: string, path: string, attempted: string): RegExp {
  let source = "";
  let depth = 0;
  for (let i = 0; i < glob.length; i++) {
    const character = glob[i]!;
    if (character === "\\" && i + 1 < glob.length) source += RegExp.escape(glob[++i]!);
    else if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "{") [source, depth] = [`${source}(?:`, depth + 1];
    else if (character === "}" && depth > 0) [source, depth] = [`${source})`, depth - 1];
    else if (character === "," && depth > 0) source += "|";
    else if (character === "[") {
      const close = glob.indexOf("]", i + 2);
      if (close < 0) throw unclosed("[", path, attempted);
      const isNegated = glob[i + 1] === "^" || glob[i + 1] === "!";
      const members = glob.slice(i + (isNegated ? 2 : 1), close).replace(/[\\^[\]]/g, "\\$&");
      source += `[${isNegated ? "^/" : ""}${members}]`;
      i = close;
    } else source += RegExp.escape(character);
  }
  if (depth > 0) throw unclosed("{", path, attempted);
  return new RegExp(`^${source}$`, "su");
}

function unclosed(bracket: string, path: string, attempted: string): Error {
  return badOption(attempted, "path", path, `a pattern in which each ${bracket} is closed`);
}
