import type { Column, StructField } from "../../core/mod.ts";
import { type Mismatch, missing } from "../json/mod.ts";
import { type ConnectType, fieldType } from "./connect_type.ts";
import type { TimeUnit } from "./convert.ts";
import { MemberFinder } from "./member_finder.ts";
import type { UnavailableValue } from "./unavailable_value.ts";
import { type ValueReader, valueReader } from "./value_reader.ts";

const LETTER_N = 0x6e;

/** What all readers of a decoder have in common. */
export interface ReadRules {
  /** The columns of the row. */
  readonly fields: readonly StructField[];
  /** For each of them, true if it is one of the key. */
  readonly isKey: readonly boolean[];
  /** The unit of times that are numbers, in records without schemas. */
  readonly timePrecision: TimeUnit;
  /** What stands for values that did not come. */
  readonly unavailable: UnavailableValue;
}

/** The values of a key, found in a record's key. */
export interface KeyValues {
  /** Adds the value of a column of the key, or says why it cannot. */
  read(field: number, column: Column): string | undefined;
}

/** Reads the rows that changes of one schema are about: `after` or `before` of an envelope. */
export class RowReader {
  /** Finds the values of a row, before it is read. */
  readonly finder: MemberFinder;
  readonly #rules: ReadRules;
  readonly #readers: readonly ValueReader[];

  /** For rows of a struct; of one that is not known, by what is wanted. */
  constructor(rules: ReadRules, struct: ConnectType | undefined) {
    this.#rules = rules;
    this.finder = new MemberFinder(rules.fields.map(({ sourceName }) => sourceName));
    this.#readers = rules.fields.map((field) => fieldReader(field, struct, rules.timePrecision));
  }

  /**
   * Adds the row that was found to the columns, or says what is wrong with it.
   *
   * @param unavailable Gets the names of columns whose values did not come.
   */
  readRow(
    bytes: Uint8Array,
    columns: readonly Column[],
    unavailable: string[],
  ): string | undefined {
    const { fields, isKey } = this.#rules;
    const { starts, ends } = this.finder;
    for (let i = 0; i < fields.length; i++) {
      const from = starts[i]!;
      const field = fields[i]!;
      if (from < 0 || bytes[from] === LETTER_N) {
        if (!field.nullable || isKey[i]) return describe(field, absence(field, from < 0));
        columns[i]!.appendNull();
      } else if (this.#rules.unavailable.isAt(bytes, from, ends[i]!)) {
        if (isKey[i]) return describe(field, ": its value did not come, wanted a key");
        columns[i]!.appendNull();
        unavailable.push(field.name);
      } else {
        const mismatch = this.#readers[i]!.read(bytes, from, ends[i]!, columns[i]!);
        if (mismatch !== undefined) return describeMismatch(field, mismatch);
      }
    }
    return undefined;
  }

  /**
   * Adds what is known of a row that is gone: what was found of it, and where that lacks values of the
   * key, those of the record's key.
   *
   * @param unavailable Gets the names of the columns without a value.
   */
  readGone(
    bytes: Uint8Array,
    key: () => KeyValues | string,
    columns: readonly Column[],
    unavailable: string[],
  ): string | undefined {
    const { fields, isKey } = this.#rules;
    const { starts, ends } = this.finder;
    for (let i = 0; i < fields.length; i++) {
      const from = starts[i]!;
      const field = fields[i]!;
      const isThere = from >= 0 && bytes[from] !== LETTER_N &&
        !this.#rules.unavailable.isAt(bytes, from, ends[i]!);
      if (isThere) {
        const mismatch = this.#readers[i]!.read(bytes, from, ends[i]!, columns[i]!);
        if (mismatch !== undefined) return describeMismatch(field, mismatch);
      } else if (isKey[i]) {
        const values = key();
        const problem = typeof values === "string" ? values : values.read(i, columns[i]!);
        if (problem !== undefined) return problem;
      } else {
        columns[i]!.appendNull();
        unavailable.push(field.name);
      }
    }
    return undefined;
  }
}

/** The reader of a field's values. */
export function fieldReader(
  field: StructField,
  struct: ConnectType | undefined,
  timePrecision: TimeUnit,
): ValueReader {
  const source = fieldType(struct, field.sourceName);
  const unit = struct === undefined ? field.epochUnit ?? timePrecision : field.epochUnit;
  return valueReader(source, field.type, unit);
}

/** Why a value in a field is no value of its column. */
export function describeMismatch(field: StructField, { path, problem }: Mismatch): string {
  return describe(field, problem, path);
}

/** What is said of a field that lacks a value. */
export function absence({ type }: StructField, isMissing: boolean): string {
  return missing(isMissing ? undefined : null, type).problem;
}

/** A problem with the name of the field before it. */
export function describe({ name, sourceName }: StructField, problem: string, path = ""): string {
  const column = name === sourceName ? "" : ` (column ${name})`;
  return `field ${JSON.stringify(sourceName + path)}${column}${problem}`;
}
