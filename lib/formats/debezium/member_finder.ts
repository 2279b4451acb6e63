import { skipString, skipValue, skipWhitespace } from "../json/mod.ts";

const SPACE = 0x20;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Objects with more members than these are looked through. */
const MAX_EXPECTED = 256;

/** A member that is expected at its place in an object. */
interface ExpectedMember {
  /** Its name as it stands there, with quotes and colon. */
  readonly key: Uint8Array;
  /** Which of the wanted members it is; -1: none. */
  readonly index: number;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Finds where in a JSON object the values of some members are, without reading them. It expects the
 * members of the object before, in their order: objects that are alike are compared with it and not
 * looked through. Members that are not wanted are passed over; of those of one name the last counts.
 */
export class MemberFinder {
  /** Where the value of each member begins; -1 where the object does not have it. */
  readonly starts: Int32Array;
  /** Where it ends (exclusive). */
  readonly ends: Int32Array;
  readonly #names: readonly string[];
  /** Each name as it stands in the object, with quotes and colon. */
  readonly #keys: readonly Uint8Array[];
  /** The members whose keys have a length. */
  readonly #byLength: number[][] = [];
  /** Those that look into the objects that are members. */
  readonly #within: (MemberFinder | undefined)[];
  /** The members of the object before, wanted or not. */
  readonly #expected: ExpectedMember[] = [];

  /** Prepares for members of these names, each once. */
  constructor(names: readonly string[]) {
    this.#names = names;
    this.#keys = names.map((name) => new TextEncoder().encode(`${JSON.stringify(name)}:`));
    this.#keys.forEach((key, i) => (this.#byLength[key.length] ??= []).push(i));
    this.starts = new Int32Array(names.length);
    this.ends = new Int32Array(names.length);
    this.#within = names.map(() => undefined);
  }

  /** Has the members of a member found on the way, where that is an object. */
  lookInto(name: string, finder: MemberFinder): void {
    this.#within[this.indexOf(name)] = finder;
  }

  /** The place of a member in `starts` and `ends`. */
  indexOf(name: string): number {
    return this.#names.indexOf(name);
  }

  /** Forgets what was found, as if there were an object without members. */
  clear(): void {
    this.starts.fill(-1);
  }

  /**
   * Where the object that starts at `pos` ends; negative, as `skipValue` says, if there is none.
   *
   * @param depth How many objects it lies in.
   */
  find(bytes: Uint8Array, pos: number, end: number, depth = 0): number {
    const { starts, ends } = this;
    starts.fill(-1);
    if (pos >= end || bytes[pos] !== OPEN_BRACE) return ~pos;
    pos = skipWhitespace(bytes, pos + 1, end);
    if (pos < end && bytes[pos] === CLOSE_BRACE) return pos + 1;
    for (let member = 0;; member++) {
      let found: number;
      const expected = this.#expected[member];
      if (expected !== undefined && isAt(expected.key, bytes, pos, end)) {
        found = expected.index;
        pos += expected.key.length;
      } else {
        const nameEnd = skipString(bytes, pos, end);
        if (nameEnd < 0) return nameEnd;
        found = this.#lookUp(bytes, pos, nameEnd);
        const colon = skipWhitespace(bytes, nameEnd, end);
        if (colon >= end || bytes[colon] !== COLON) return ~colon;
        if (member < MAX_EXPECTED) {
          const key = this.#keys[found] ?? bytes.slice(pos, colon + 1);
          this.#expected[member] = { key, index: found };
        }
        pos = colon + 1;
      }
      if (bytes[pos]! <= SPACE) pos = skipWhitespace(bytes, pos, end);
      const within = found >= 0 && bytes[pos] === OPEN_BRACE ? this.#within[found] : undefined;
      const after = within === undefined
        ? skipValue(bytes, pos, end, depth + 1)
        : within.find(bytes, pos, end, depth + 1);
      if (after < 0) return after;
      if (found >= 0) {
        starts[found] = pos;
        ends[found] = after;
      }
      pos = after;
      if (bytes[pos]! <= SPACE) pos = skipWhitespace(bytes, pos, end);
      if (pos >= end) return ~end;
      if (bytes[pos] === CLOSE_BRACE) return pos + 1;
      if (bytes[pos] !== COMMA) return ~pos;
      pos = skipWhitespace(bytes, pos + 1, end);
    }
  }

  /** Which member has the name in quotes in `bytes[pos, end)`; -1 if none has. */
  #lookUp(bytes: Uint8Array, pos: number, end: number): number {
    for (const index of this.#byLength[end - pos + 1] ?? []) {
      const key = this.#keys[index]!;
      let i = 0;
      while (pos + i < end && bytes[pos + i] === key[i]) i++;
      if (pos + i === end) return index;
    }
    // A loop: a view of so few bytes takes longer to make than to look through.
    for (let i = pos + 1; i < end - 1; i++) {
      if (bytes[i] === BACKSLASH) return this.#lookUpEscaped(bytes, pos, end);
    }
    return -1;
  }

  #lookUpEscaped(bytes: Uint8Array, pos: number, end: number): number {
    return this.#names.indexOf(JSON.parse(utf8.decode(bytes.subarray(pos, end))));
  }
}

function isAt(key: Uint8Array, bytes: Uint8Array, pos: number, end: number): boolean {
  if (pos + key.length > end) return false;
  for (let i = 0; i < key.length; i++) if (bytes[pos + i] !== key[i]) return false;
  return true;
}
