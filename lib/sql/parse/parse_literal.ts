import { type DataType, Decimal } from "../../core/mod.ts";
import type { ExpressionNode } from "./expression.ts";
import { parseDateText, parseTimestampText } from "../values/time_text.ts";
import type { TokenReader } from "./token_reader.ts";
import type { Token } from "./tokens.ts";

const INTEGERS: Readonly<Record<string, readonly [type: DataType, bits: number]>> = {
  Y: ["byte", 8],
  S: ["short", 16],
  L: ["long", 64],
};

const MICROS: Readonly<Record<string, bigint>> = {
  HOUR: 3_600_000_000n,
  MINUTE: 60_000_000n,
  SECOND: 1_000_000n,
  MILLISECOND: 1_000n,
  MICROSECOND: 1n,
};
const MONTHS: Readonly<Record<string, number>> = { YEAR: 12, MONTH: 1 };
const DAYS: Readonly<Record<string, number>> = { WEEK: 7, DAY: 1 };
const MAX_INTERVAL_NUMBER = 1e9;

/** Reads a number with its sign: an integer is an int, a long or a decimal, as it fits. */
export function parseNumber(
  reader: TokenReader,
  token: Token,
  isNegative: boolean,
): ExpressionNode {
  const [, digits = "", suffix = ""] = /^(.*?)([lsyfd]|bd)?$/i.exec(token.text) ?? [];
  const text = isNegative ? `-${digits}` : digits;
  const kind = suffix.toUpperCase();
  const integer = INTEGERS[kind];
  if (integer !== undefined) {
    const [type, bits] = integer;
    const value = /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    if (value === undefined || BigInt.asIntN(bits, value) !== value) {
      throw reader.unexpected(`a whole number of ${bits} bits`, token);
    }
    return { kind: "literal", type, value: type === "long" ? value : Number(value) };
  }
  if (kind === "D" || kind === "F" || (kind === "" && /e/i.test(text))) {
    const value = kind === "F" ? Math.fround(Number(text)) : Number(text);
    if (!Number.isFinite(value)) throw reader.unexpected("a number that a double can hold", token);
    return { kind: "literal", type: kind === "F" ? "float" : "double", value };
  }
  if (kind === "" && /^-?\d+$/.test(text)) {
    const value = BigInt(text);
    if (BigInt.asIntN(32, value) === value) {
      return { kind: "literal", type: "integer", value: Number(value) };
    }
    if (BigInt.asIntN(64, value) === value) return { kind: "literal", type: "long", value };
  }
  const value = Decimal.tryParse(text);
  const type = value === undefined ? undefined : decimalTypeOf(value);
  if (type === undefined) throw reader.unexpected("a decimal of at most 38 digits", token);
  return { kind: "literal", type, value };
}

/** Reads `DATE '…'`, `TIMESTAMP '…'`, `TIMESTAMP_NTZ '…'` and `X'…'`; `undefined` if none is next. */
export function parseTypedLiteral(reader: TokenReader): ExpressionNode | undefined {
  const word = reader.peek();
  if (word.kind !== "word" || reader.peek(1).kind !== "string") return undefined;
  const read = TYPED_LITERALS[word.keyword];
  if (read === undefined) return undefined;
  reader.next();
  const token = reader.peek();
  const literal = read(reader.string());
  if (literal === undefined) throw reader.unexpected(`a ${word.keyword} literal`, token);
  return literal;
}

const TYPED_LITERALS: Readonly<Record<string, (text: string) => ExpressionNode | undefined>> = {
  DATE: (text) => literal("date", parseDateText(text)),
  TIMESTAMP: (text) => literal("timestamp", parseTimestampText(text)),
  TIMESTAMP_LTZ: (text) => literal("timestamp", parseTimestampText(text)),
  TIMESTAMP_NTZ: (text) => literal("timestamp_ntz", parseTimestampText(text)),
  X: (text) => {
    if (!/^[0-9a-f]*$/i.test(text)) return undefined;
    const hex = text.length % 2 === 0 ? text : `0${text}`;
    return literal("binary", Uint8Array.fromHex(hex));
  },
};

/** Reads what follows INTERVAL: `3 days`, `'3' day`, `'3 days 2 hours'`, `1 year 2 months`. */
export function parseInterval(reader: TokenReader): ExpressionNode {
  let months = 0;
  let days = 0;
  let micros = 0n;
  const first = reader.peek();
  const parts = intervalParts(reader);
  for (const [count, unit] of parts) {
    if (!/^[+-]?\d+$/.test(count) || Math.abs(Number(count)) > MAX_INTERVAL_NUMBER) {
      throw reader.unexpected("whole numbers of units", first);
    }
    const name = unit.toUpperCase().replace(/S$/, "");
    if (name in MONTHS) months += Number(count) * MONTHS[name]!;
    else if (name in DAYS) days += Number(count) * DAYS[name]!;
    else if (name in MICROS) micros += BigInt(count) * MICROS[name]!;
    else throw reader.unexpected("a unit from YEAR to MICROSECOND", first);
  }
  if (parts.length === 0) throw reader.unexpected("a number and a unit, such as 3 DAYS", first);
  return { kind: "interval", months, days, micros };
}

function intervalParts(reader: TokenReader): [count: string, unit: string][] {
  const token = reader.peek();
  if (token.kind === "string" && reader.peek(1).kind !== "word") {
    const words = reader.string().trim().split(/\s+/);
    return Array.from(
      { length: Math.ceil(words.length / 2) },
      (_, i) => [words[i * 2] ?? "", words[i * 2 + 1] ?? ""],
    );
  }
  const parts: [string, string][] = [];
  for (;;) {
    const sign = reader.isAt("-") ? 1 : 0;
    const count = reader.peek(sign);
    const isCount = count.kind === "number" || (count.kind === "string" && sign === 0);
    const unit = reader.peek(sign + 1);
    if (!isCount || unit.kind !== "word" || !isUnit(unit.keyword)) return parts;
    // A minus after the first part is a subtraction.
    if (sign === 1 && parts.length > 0) return parts;
    for (let i = 0; i < sign + 2; i++) reader.next();
    parts.push([`${sign === 1 ? "-" : ""}${count.text.trim()}`, unit.text]);
  }
}

function isUnit(keyword: string): boolean {
  const name = keyword.replace(/S$/, "");
  return name in MONTHS || name in DAYS || name in MICROS;
}

function literal(type: DataType, value: unknown): ExpressionNode | undefined {
  return value === undefined ? undefined : { kind: "literal", type, value };
}

/** The smallest decimal type of a value; `undefined` past 38 digits. */
function decimalTypeOf({ unscaled, scale }: Decimal): DataType | undefined {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).length;
  const precision = Math.max(digits, scale);
  return precision > 38 ? undefined : { type: "decimal", precision, scale };
}
