import { SluiceError } from "../../core/mod.ts";

/**
 * Reads the path of a column: `address.street`; a name with a dot in it stands in back quotes, as in
 * Spark. `element`, `key` and `value` lead into lists and maps.
 *
 * @throws {SluiceError} `BAD_COLUMN_NAME`.
 */
export function parseColumnPath(text: string): string[] {
  const names: string[] = [];
  const part = /`((?:[^`]|``)+)`(?:\.(?=.)|$)|([^.`]+)(?:\.(?=.)|$)/gy;
  let end = 0;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    names.push(match[1]?.replaceAll("``", "`") ?? match[2] ?? "");
    end = part.lastIndex;
  }
  if (names.length > 0 && end === text.length) return names;
  throw new SluiceError("BAD_COLUMN_NAME", {
    attempted: "find a column",
    found: JSON.stringify(text),
    wanted: "names with dots between them; a name that has a dot itself goes in back quotes",
  });
}

/** The text of a path, so that it reads back as it is. */
export function formatColumnPath(path: readonly string[]): string {
  return path.map((name) => /[.`]/.test(name) ? quotedName(name) : name).join(".");
}

/** A name in back quotes, as SQL reads it whatever is in it. */
export function quotedName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** True if two names mean one column: Delta does not tell case apart. */
export function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
