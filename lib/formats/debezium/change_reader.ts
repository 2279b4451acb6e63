import {
  type BooleanColumn,
  type BytesColumn,
  CHANGE_COLUMNS,
  type Column,
  type ListColumn,
  type StructField,
} from "../../core/mod.ts";
import { type ConnectType, fieldType } from "./connect_type.ts";
import { MemberFinder } from "./member_finder.ts";
import { describeNoChange } from "./no_change.ts";
import {
  absence,
  describe,
  describeMismatch,
  fieldReader,
  type KeyValues,
  type ReadRules,
  RowReader,
} from "./row_reader.ts";
import { FLAT_SOURCE_NAMES, flatSourcePlaces, SourceReader } from "./source_reader.ts";
import type { ValueReader } from "./value_reader.ts";

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;

const CREATE = 0x63;
const DELETE = 0x64;
const UPDATE = 0x75;
/** r, c and u, which say what a row is now. */
const STANDING = [0x72, CREATE, UPDATE];

/** The text of the operation at hand. */
const OP_TEXT = new Uint8Array(1);

/** The members of a change that are looked for, by their places. */
const BEFORE = 0;
const AFTER = 1;
const SOURCE = 2;
const OP = 3;
const FLAT_OP = 4;
const FLAT_DELETED = 5;
const SCHEMA = 6;
const PAYLOAD = 7;
const MEMBERS = [
  "before",
  "after",
  "source",
  "op",
  CHANGE_COLUMNS.op,
  CHANGE_COLUMNS.deleted,
  "schema",
  "payload",
  ...FLAT_SOURCE_NAMES,
];

/** What the rows of a decoder are made of. */
export interface ChangeLayout {
  /** How the columns of the row are read; they come first. */
  readonly rules: ReadRules;
  /** The members of the envelope that are columns too; they come next, before those of the change. */
  readonly envelope: readonly StructField[];
}

/** A change with a schema beside it; where one of the two is null its start is -1. */
export interface WrappedChange {
  readonly schemaStart: number;
  readonly schemaEnd: number;
  readonly payloadStart: number;
  readonly payloadEnd: number;
}

/** A change in a record's bytes. */
export interface ChangeRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** The key of the record, for changes that need it. */
  readonly key: () => KeyValues | string;
}

/** Reads changes that are written in one schema, or without any, into columns. */
export class ChangeReader {
  readonly #layout: ChangeLayout;
  readonly #struct: ConnectType | undefined;
  readonly #finder: MemberFinder;
  readonly #source = new SourceReader();
  readonly #flatPlaces;
  readonly #envelopeReaders: readonly ValueReader[];
  readonly #envelopePlaces: readonly number[];
  readonly #before: RowReader;
  readonly #after: RowReader;
  /** For rows that were taken out of their envelope; made for the first of them. */
  #flatRow: RowReader | undefined;

  /** For records of a struct; `undefined`: they have no schema. */
  constructor(layout: ChangeLayout, struct: ConnectType | undefined) {
    this.#layout = layout;
    this.#struct = struct;
    const { rules, envelope } = layout;
    const wanted = envelope.map(({ sourceName }) => sourceName);
    this.#finder = new MemberFinder([...new Set([...MEMBERS, ...wanted])]);
    this.#flatPlaces = flatSourcePlaces(this.#finder);
    this.#envelopeReaders = envelope.map((field) =>
      fieldReader(field, struct, rules.timePrecision)
    );
    this.#envelopePlaces = wanted.map((name) => this.#finder.indexOf(name));
    const row = fieldType(struct, "after") ?? fieldType(struct, "before");
    this.#before = new RowReader(rules, row);
    this.#after = new RowReader(rules, row);
    this.#finder.lookInto("before", this.#before.finder);
    this.#finder.lookInto("after", this.#after.finder);
    this.#finder.lookInto("source", this.#source.finder);
  }

  /** Looks at the object that starts at `pos`; where it ends, or negative if there is none. */
  find(bytes: Uint8Array, pos: number, end: number): number {
    return this.#finder.find(bytes, pos, end);
  }

  /** Where a schema and the change beside it are; `undefined` if what was found is the change itself. */
  wrapped(bytes: Uint8Array): WrappedChange | undefined {
    const { starts, ends } = this.#finder;
    const [schema, payload] = [starts[SCHEMA]!, starts[PAYLOAD]!];
    if (schema < 0 || payload < 0 || starts[OP]! >= 0 || starts[FLAT_OP]! >= 0) return undefined;
    const [hasSchema, hasChange] = [schema, payload].map((at) => bytes[at] === OPEN_BRACE);
    if (!hasSchema && bytes[schema] !== LETTER_N) return undefined;
    if (!hasChange && bytes[payload] !== LETTER_N) return undefined;
    return {
      schemaStart: hasSchema ? schema : -1,
      schemaEnd: ends[SCHEMA]!,
      payloadStart: hasChange ? payload : -1,
      payloadEnd: ends[PAYLOAD]!,
    };
  }

  /** Adds the change that was found to the columns, or says what is wrong with it. */
  read(change: ChangeRange, columns: readonly Column[]): string | undefined {
    const { bytes } = change;
    const { starts } = this.#finder;
    if (starts[OP]! >= 0 && (starts[AFTER]! >= 0 || starts[BEFORE]! >= 0)) {
      return this.#readEnvelope(change, columns);
    }
    if (starts[FLAT_OP]! >= 0 || starts[FLAT_DELETED]! >= 0) {
      return this.#readFlat(change, columns);
    }
    return describeNoChange(bytes, change.start, change.end);
  }

  /** Adds a row that is gone, of which there is only the key. */
  readTombstone({ bytes, key }: ChangeRange, columns: readonly Column[]): string | undefined {
    this.#finder.clear();
    this.#before.finder.clear();
    const unavailable: string[] = [];
    return this.#before.readGone(bytes, key, columns, unavailable) ??
      this.#finish(bytes, DELETE, columns, unavailable) ??
      this.#readFlatSource(bytes, columns);
  }

  #readEnvelope(change: ChangeRange, columns: readonly Column[]): string | undefined {
    const { bytes, key } = change;
    const { starts, ends } = this.#finder;
    const op = operationAt(bytes, starts[OP]!, ends[OP]!);
    if (op === undefined) return describeNoChange(bytes, change.start, change.end);
    const isThere = objectAt(bytes, starts[op === DELETE ? BEFORE : AFTER]!) >= 0;
    if (!isThere && op === DELETE) this.#before.finder.clear();
    if (!isThere && op !== DELETE) {
      return `op "${
        String.fromCharCode(op)
      }": found no row in "after", wanted the row as it is now`;
    }
    const unavailable: string[] = [];
    const problem = op === DELETE
      ? this.#before.readGone(bytes, key, columns, unavailable)
      : this.#after.readRow(bytes, columns, unavailable);
    return problem ?? lostValue(op, unavailable) ??
      this.#finish(bytes, op, columns, unavailable) ??
      this.#readSource(bytes, columns);
  }

  #readFlat(change: ChangeRange, columns: readonly Column[]): string | undefined {
    const { bytes, start, end, key } = change;
    const { starts, ends } = this.#finder;
    const isGone = isTrue(bytes, starts[FLAT_DELETED]!);
    const said = starts[FLAT_OP]! < 0
      ? UPDATE
      : operationAt(bytes, starts[FLAT_OP]!, ends[FLAT_OP]!);
    if (said === undefined) {
      const text = new TextDecoder().decode(bytes.subarray(starts[FLAT_OP]!, ends[FLAT_OP]!));
      return `field "${CHANGE_COLUMNS.op}": found ${
        text.slice(0, 60)
      }, wanted "r", "c", "u" or "d"`;
    }
    const op = isGone ? DELETE : said;
    const row = this.#flatRow ??= new RowReader(this.#layout.rules, this.#struct);
    const unavailable: string[] = [];
    row.finder.find(bytes, start, end);
    const problem = op === DELETE
      ? row.readGone(bytes, key, columns, unavailable)
      : row.readRow(bytes, columns, unavailable);
    return problem ?? lostValue(op, unavailable) ??
      this.#finish(bytes, op, columns, unavailable) ??
      this.#readFlatSource(bytes, columns);
  }

  /** Adds what is known of the change beside the row, but for its source. */
  #finish(
    bytes: Uint8Array,
    op: number,
    columns: readonly Column[],
    unavailable: readonly string[],
  ): string | undefined {
    const [opColumn, , , deletedColumn, unavailableColumn] = this.#changeColumns(columns);
    OP_TEXT[0] = op;
    (opColumn as BytesColumn).appendBytes(OP_TEXT, 0, 1);
    (deletedColumn as BooleanColumn).appendBoolean(op === DELETE);
    const list = unavailableColumn as ListColumn;
    for (const name of unavailable) (list.elements as BytesColumn).appendText(name);
    list.appendRow();
    return this.#readEnvelopeColumns(bytes, columns);
  }

  #readEnvelopeColumns(bytes: Uint8Array, columns: readonly Column[]): string | undefined {
    const { rules, envelope } = this.#layout;
    const { starts, ends } = this.#finder;
    for (let i = 0; i < envelope.length; i++) {
      const field = envelope[i]!;
      const column = columns[rules.fields.length + i]!;
      const place = this.#envelopePlaces[i]!;
      const start = starts[place]!;
      if (start < 0 || bytes[start] === LETTER_N) {
        if (!field.nullable) return describe(field, absence(field, start < 0));
        column.appendNull();
      } else {
        const mismatch = this.#envelopeReaders[i]!.read(bytes, start, ends[place]!, column);
        if (mismatch !== undefined) return describeMismatch(field, mismatch);
      }
    }
    return undefined;
  }

  #readSource(bytes: Uint8Array, columns: readonly Column[]): string | undefined {
    const start = objectAt(bytes, this.#finder.starts[SOURCE]!);
    const [, time, position] = this.#changeColumns(columns);
    if (start >= 0) {
      return this.#source.readSource(bytes, time, position);
    }
    time.appendNull();
    position.appendNull();
    return undefined;
  }

  #readFlatSource(bytes: Uint8Array, columns: readonly Column[]): string | undefined {
    const [, time, position] = this.#changeColumns(columns);
    return this.#source.read(bytes, this.#finder, this.#flatPlaces, time, position);
  }

  /** The columns that tell of the change, in the order of `CHANGE_COLUMNS`. */
  #changeColumns(columns: readonly Column[]): [Column, Column, Column, Column, Column] {
    const { rules, envelope } = this.#layout;
    const first = rules.fields.length + envelope.length;
    return [
      columns[first]!,
      columns[first + 1]!,
      columns[first + 2]!,
      columns[first + 3]!,
      columns[first + 4]!,
    ];
  }
}

/** A new row lacks values only where an update gave it another key, and then nobody has them. */
function lostValue(op: number, unavailable: readonly string[]): string | undefined {
  if (op !== CREATE || unavailable.length === 0) return undefined;
  return `column ${
    unavailable.join(", ")
  }: found no value in a new row, as its key was changed by ` +
    "an update that left the column alone: Debezium does not know it then, and no table has it under " +
    "the new key. With REPLICA IDENTITY FULL it is sent";
}

/** Where the object starts that a member is; -1 if it is none. */
function objectAt(bytes: Uint8Array, start: number): number {
  return start >= 0 && bytes[start] === OPEN_BRACE ? start : -1;
}

/** What happened to a row; `undefined` if it is nothing that can happen to one. */
function operationAt(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start !== 3 || bytes[start] !== QUOTE) return undefined;
  const op = bytes[start + 1]!;
  return op === DELETE || STANDING.includes(op) ? op : undefined;
}

/** True for `true`, as text too. */
function isTrue(bytes: Uint8Array, start: number): boolean {
  return start >= 0 && bytes[bytes[start] === QUOTE ? start + 1 : start] === LETTER_T;
}
