import type { BytesColumn, Column, Int64Column } from "../../core/mod.ts";
import { NumberScanner } from "../json/mod.ts";
import { MemberFinder } from "./member_finder.ts";

/** The members that say when and where a change was made, as `source` has them. */
const MEMBERS = ["ts_us", "ts_ms", "lsn", "sequence", "file", "pos", "row"] as const;
type Member = typeof MEMBERS[number];

/** No 64-bit integer has more digits. */
const LOG_DIGITS = 19;
const INTEGER_DIGITS = 10;

const ZERO = 0x30;
const NINE = 0x39;
const QUOTE = 0x22;
const SLASH = 0x2f;
const POINT = 0x2e;
const LETTER_N = 0x6e;

const NO_ROW = Uint8Array.of(ZERO);

/**
 * Reads when a change was made, and where it is in the log of its database. Positions are texts of one
 * length, so that the later change of a row has the greater one:
 *
 *     Postgres         <lsn of the commit before>/<lsn of the change>    19 digits each
 *     MySQL, MariaDB   <number of the binlog file>/<pos>/<row>           10, 19 and 10 digits
 *
 * Postgres sends transactions in the order of their commits, and the changes of each in their order:
 * so do the two numbers. Without the former, which is in `sequence`, the change's own stands for it.
 * The rows of an incremental snapshot have no place in the log of Postgres, and so no position.
 */
export class SourceReader {
  readonly #numbers = new NumberScanner();
  readonly #text = new Uint8Array(2 * (1 + LOG_DIGITS + INTEGER_DIGITS));
  #length = 0;
  /** Finds what is read of an envelope's `source`. */
  readonly finder = new MemberFinder(MEMBERS);
  readonly #ownPlaces = placesIn(this.finder, (member) => [member]);

  /** Adds what an envelope's `source` says, which was found. */
  readSource(bytes: Uint8Array, time: Column, position: Column): string | undefined {
    return this.read(bytes, this.finder, this.#ownPlaces, time, position);
  }

  /** Adds what some of the members that were found say. */
  read(
    bytes: Uint8Array,
    finder: MemberFinder,
    places: SourcePlaces,
    time: Column,
    position: Column,
  ): string | undefined {
    return this.#readTime(bytes, finder, places, time as Int64Column) ??
      this.#readPosition(bytes, finder, places, position as BytesColumn);
  }

  #readTime(
    bytes: Uint8Array,
    { starts, ends }: MemberFinder,
    places: SourcePlaces,
    column: Int64Column,
  ): string | undefined {
    const micros = placeOf(bytes, starts, places.ts_us);
    const millis = placeOf(bytes, starts, places.ts_ms);
    const place = micros >= 0 ? micros : millis;
    if (place < 0) {
      column.appendNull();
      return undefined;
    }
    const numbers = this.#numbers;
    const zeros = micros >= 0 ? 0 : 3;
    const after = numbers.scan(bytes, starts[place]!, ends[place]!);
    if (after !== ends[place] || numbers.fractionDigits > 0 || numbers.digits + zeros > 16) {
      return `field "source.ts_ms": ${found(bytes, starts[place]!, ends[place]!)}, wanted a time`;
    }
    numbers.appendInteger(column, zeros);
    return undefined;
  }

  #readPosition(
    bytes: Uint8Array,
    finder: MemberFinder,
    places: SourcePlaces,
    column: BytesColumn,
  ): string | undefined {
    const { starts, ends } = finder;
    this.#length = 0;
    const lsn = placeOf(bytes, starts, places.lsn);
    const file = placeOf(bytes, starts, places.file);
    const problem = lsn >= 0
      ? this.#writeLsn(bytes, finder, lsn, placeOf(bytes, starts, places.sequence))
      : file >= 0
      ? this.#writeBinlog(bytes, finder, file, places)
      : undefined;
    if (problem !== undefined) {
      const at = lsn >= 0 ? lsn : file;
      return `field "source.${problem}": ${found(bytes, starts[at]!, ends[at]!)}, wanted a ` +
        "place in the log";
    }
    if (this.#length === 0) column.appendNull();
    else column.appendBytes(this.#text, 0, this.#length);
    return undefined;
  }

  #writeLsn(
    bytes: Uint8Array,
    { starts, ends }: MemberFinder,
    lsn: number,
    sequence: number,
  ): string | undefined {
    const [lsnStart, lsnEnd] = [starts[lsn]!, ends[lsn]!];
    // "[\"26678968\",\"26679336\"]": JSON in a JSON string, the commit before and the change.
    const commit = sequence < 0 ? 0 : starts[sequence]! + 4;
    const hasCommit = sequence >= 0 && commit < ends[sequence]! &&
      bytes[commit - 1] === QUOTE && isDigit(bytes[commit]);
    const isWritten = hasCommit
      ? this.#write(bytes, commit, digitsEnd(bytes, commit, ends[sequence]!), LOG_DIGITS)
      : this.#write(bytes, lsnStart, lsnEnd, LOG_DIGITS);
    if (!isWritten) return "lsn";
    this.#text[this.#length++] = SLASH;
    return this.#write(bytes, lsnStart, lsnEnd, LOG_DIGITS) ? undefined : "lsn";
  }

  #writeBinlog(
    bytes: Uint8Array,
    { starts, ends }: MemberFinder,
    file: number,
    places: SourcePlaces,
  ): string | undefined {
    const nameEnd = ends[file]! - 1;
    let number = nameEnd;
    while (number > starts[file]! + 1 && bytes[number - 1] !== POINT) number--;
    // Rows of a snapshot that was taken without a log have no file.
    if (number === nameEnd) return undefined;
    const pos = placeOf(bytes, starts, places.pos);
    const row = placeOf(bytes, starts, places.row);
    if (pos < 0 || !this.#write(bytes, number, nameEnd, INTEGER_DIGITS)) return "file";
    this.#text[this.#length++] = SLASH;
    if (!this.#write(bytes, starts[pos]!, ends[pos]!, LOG_DIGITS)) return "file";
    this.#text[this.#length++] = SLASH;
    const isWritten = row < 0
      ? this.#write(NO_ROW, 0, 1, INTEGER_DIGITS)
      : this.#write(bytes, starts[row]!, ends[row]!, INTEGER_DIGITS);
    return isWritten ? undefined : "file";
  }

  /** Writes digits with zeros before them; false if they are none, or too many. */
  #write(bytes: Uint8Array, start: number, end: number, width: number): boolean {
    const zeros = width - (end - start);
    if (zeros < 0 || end === start || digitsEnd(bytes, start, end) !== end) return false;
    const text = this.#text;
    let at = this.#length;
    for (let i = 0; i < zeros; i++) text[at++] = ZERO;
    for (let i = start; i < end; i++) text[at++] = bytes[i]!;
    this.#length = at;
    return true;
  }
}

/** Where the members of a source are among those that a finder looks for, by the best name first. */
export type SourcePlaces = Readonly<Record<Member, readonly number[]>>;

/** The names that `ExtractNewRecordState` can give a member of `source` beside the columns of the row. */
export const FLAT_SOURCE_NAMES: readonly string[] = MEMBERS.flatMap(flatNames);

/** The members of a source among those of a row that such names were added to. */
export function flatSourcePlaces(finder: MemberFinder): SourcePlaces {
  return placesIn(finder, flatNames);
}

/** `add.fields=source.lsn` and `add.fields=lsn`; a bare `ts_ms` is not that of the source. */
function flatNames(member: Member): string[] {
  const name = `__source_${member}`;
  return member.startsWith("ts_") ? [name] : [name, `__${member}`];
}

function placesIn(finder: MemberFinder, namesOf: (member: Member) => string[]): SourcePlaces {
  return Object.fromEntries(
    MEMBERS.map((member) => [member, namesOf(member).map((name) => finder.indexOf(name))]),
  ) as Record<Member, number[]>;
}

/** The first of the places that has a value; -1 if none has. */
function placeOf(bytes: Uint8Array, starts: Int32Array, places: readonly number[]): number {
  for (const place of places) {
    const start = starts[place]!;
    if (start >= 0 && bytes[start] !== LETTER_N) return place;
  }
  return -1;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function digitsEnd(bytes: Uint8Array, pos: number, end: number): number {
  while (pos < end && isDigit(bytes[pos])) pos++;
  return pos;
}

function found(bytes: Uint8Array, start: number, end: number): string {
  return `found ${new TextDecoder().decode(bytes.subarray(start, Math.min(end, start + 60)))}`;
}
