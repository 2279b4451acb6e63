const ANY_ONE = 1;
const ANY_RUN = 2;

/** A pattern of LIKE taken apart: text to match, `_` (any one character) and `%` (any run). */
export type LikePattern = readonly (string | typeof ANY_ONE | typeof ANY_RUN)[];

/** Reads a pattern; `undefined` if an escape stands before anything but `_`, `%` and itself. */
export function parseLike(pattern: string, escape: string): LikePattern | undefined {
  const parts: (string | typeof ANY_ONE | typeof ANY_RUN)[] = [];
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    let character = characters[i]!;
    if (character === escape) {
      const escaped = characters[++i];
      if (escaped !== "_" && escaped !== "%" && escaped !== escape) return undefined;
      character = escaped;
    } else if (character === "%" || character === "_") {
      parts.push(character === "%" ? ANY_RUN : ANY_ONE);
      continue;
    }
    const last = parts.at(-1);
    if (typeof last === "string") parts[parts.length - 1] = last + character;
    else parts.push(character);
  }
  return parts;
}

/** True if the whole text matches. */
export function matchesLike(text: string, pattern: LikePattern): boolean {
  let at = 0;
  let part = 0;
  let runPart = -1;
  let runAt = 0;
  for (;;) {
    const wanted = pattern[part];
    if (wanted === undefined && at === text.length) return true;
    if (wanted === ANY_RUN) {
      runPart = part++;
      if (part === pattern.length) return true;
      runAt = at;
    } else if (wanted === ANY_ONE && at < text.length) {
      part++;
      at = nextCharacter(text, at);
    } else if (typeof wanted === "string" && text.startsWith(wanted, at)) {
      part++;
      at += wanted.length;
    } else if (runPart >= 0 && runAt < text.length) {
      // Only the last run has to take more: what an earlier one could give is never needed again.
      part = runPart + 1;
      runAt = nextCharacter(text, runAt);
      at = runAt;
    } else {
      return false;
    }
  }
}

/** What a text must start with to match, and whether every text that does so matches. */
export function likePrefix(pattern: LikePattern): { prefix: string; isEnough: boolean } {
  const [first] = pattern;
  const prefix = typeof first === "string" ? first : "";
  const rest = prefix === "" ? pattern : pattern.slice(1);
  return { prefix, isEnough: rest.length > 0 && rest.every((part) => part === ANY_RUN) };
}

function nextCharacter(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}
