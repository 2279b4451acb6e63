import type { Column, RecordBlock } from "../../core/mod.ts";
import { findSyntaxError, skipWhitespace } from "../json/mod.ts";
import type { ConnectType } from "./connect_type.ts";
import { MemberFinder } from "./member_finder.ts";
import {
  describe,
  describeMismatch,
  fieldReader,
  type KeyValues,
  type ReadRules,
} from "./row_reader.ts";
import { ReadersBySchema } from "./readers_by_schema.ts";
import { type ValueReader, valueReader } from "./value_reader.ts";

const OPEN_BRACE = 0x7b;
const LETTER_N = 0x6e;

/**
 * The key of the record at hand: an object with the columns of the key, a schema beside it or not, or
 * the one value of a key that was taken out of its object.
 */
export class RecordKey {
  readonly #rules: ReadRules;
  readonly #finder = new MemberFinder(["schema", "payload"]);
  readonly #plain: KeyReader;
  readonly #bySchema: ReadersBySchema<KeyReader>;
  #block: RecordBlock | undefined;
  #record = 0;

  /** Prepares for the keys of a decoder's records. */
  constructor(rules: ReadRules) {
    this.#rules = rules;
    this.#plain = new KeyReader(rules, undefined);
    this.#bySchema = new ReadersBySchema((type) => new KeyReader(rules, type));
  }

  /** Goes to a record. */
  at(block: RecordBlock, record: number): void {
    this.#block = block;
    this.#record = record;
  }

  /** The values of the key, or why there are none. */
  readonly values = (): KeyValues | string => {
    const { bytes, keyStarts, keyEnds } = this.#block!;
    const start = keyStarts[this.#record]!;
    if (start < 0) {
      const names = this.#rules.fields.filter((_, i) => this.#rules.isKey[i]);
      return `found no key with the record, and no row before the change, wanted the ` +
        `${names.map(({ sourceName }) => sourceName).join(", ")} of the row that is gone`;
    }
    const end = keyEnds[this.#record]!;
    const syntaxError = findSyntaxError(bytes, start, end);
    if (syntaxError !== undefined) return `record's key is not JSON: ${syntaxError}`;
    return this.#read(bytes, skipWhitespace(bytes, start, end), end);
  };

  #read(bytes: Uint8Array, start: number, end: number): KeyValues | string {
    const { starts, ends } = this.#finder;
    if (bytes[start] !== OPEN_BRACE) return this.#plain.find(bytes, start, end);
    this.#finder.find(bytes, start, end);
    const [schema, payload] = [starts[0]!, starts[1]!];
    const isSchema = schema >= 0 && (bytes[schema] === OPEN_BRACE || bytes[schema] === LETTER_N);
    if (!isSchema || payload < 0) return this.#plain.find(bytes, start, end);
    const reader = bytes[schema] === LETTER_N
      ? this.#plain
      : this.#bySchema.readerOf(bytes, schema, ends[0]!);
    if (typeof reader === "string") return `record's key: ${reader}`;
    return reader.find(bytes, payload, ends[1]!);
  }
}

/** Reads keys that are written in one schema, or without any. */
class KeyReader implements KeyValues {
  readonly #rules: ReadRules;
  readonly #finder: MemberFinder;
  readonly #readers: readonly ValueReader[];
  #bytes: Uint8Array = new Uint8Array();

  constructor(rules: ReadRules, type: ConnectType | undefined) {
    this.#rules = rules;
    this.#finder = new MemberFinder(rules.fields.map(({ sourceName }) => sourceName));
    const isStruct = type === undefined || type.type === "struct";
    this.#readers = rules.fields.map((field) =>
      isStruct
        ? fieldReader(field, type, rules.timePrecision)
        : valueReader(type, field.type, field.epochUnit)
    );
  }

  /** Looks at the key in `bytes[start, end)`, which is JSON. */
  find(bytes: Uint8Array, start: number, end: number): KeyValues | string {
    this.#bytes = bytes;
    if (bytes[start] === OPEN_BRACE) {
      this.#finder.find(bytes, start, end);
      return this;
    }
    const only = this.#rules.isKey.indexOf(true);
    if (bytes[start] === LETTER_N || this.#rules.isKey.indexOf(true, only + 1) >= 0) {
      const text = new TextDecoder().decode(bytes.subarray(start, Math.min(end, start + 60)));
      return `record's key: found ${text}, wanted an object with the columns of the key`;
    }
    this.#finder.clear();
    this.#finder.starts[only] = start;
    this.#finder.ends[only] = end;
    return this;
  }

  read(field: number, column: Column): string | undefined {
    const { starts, ends } = this.#finder;
    const { [field]: rule } = this.#rules.fields;
    const start = starts[field]!;
    if (start < 0 || this.#bytes[start] === LETTER_N) {
      return `record's key: ${describe(rule!, start < 0 ? " is missing" : ": found null")}`;
    }
    const mismatch = this.#readers[field]!.read(this.#bytes, start, ends[field]!, column);
    return mismatch && `record's key: ${describeMismatch(rule!, mismatch)}`;
  }
}
