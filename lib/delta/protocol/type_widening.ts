import { decimalOf, type FieldJson, type TypeJson } from "./schema_json.ts";

/** The metadata of a field that has its earlier types. */
export const TYPE_CHANGES = "delta.typeChanges";

/** To what else than decimals a type can be widened. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  byte: ["short", "integer", "long", "double"],
  short: ["integer", "long", "double"],
  integer: ["long", "double"],
  float: ["double"],
  date: ["timestamp_ntz"],
};

/** How many digits an integer type needs at least as a decimal. */
const INTEGER_DIGITS: Readonly<Record<string, number>> = {
  byte: 10,
  short: 10,
  integer: 10,
  long: 20,
};

/** A change of a type within a field, as `delta.typeChanges` has it. */
export interface TypeChange {
  readonly fromType: string;
  readonly toType: string;
  /** Where in the field: `element`, `key`, `value.element`; absent: the field itself. */
  readonly fieldPath?: string;
}

/** True if old files can be read as the new type. See Delta's "type widening". */
export function canWiden(from: string, to: string): boolean {
  const toDecimal = decimalOf(to);
  if (toDecimal === undefined) return WIDER[from]?.includes(to) ?? false;
  const fromDecimal = decimalOf(from) ?? integerAsDecimal(from);
  if (fromDecimal === undefined) return false;
  const moreScale = toDecimal.scale - fromDecimal.scale;
  return moreScale >= 0 && toDecimal.precision - fromDecimal.precision >= moreScale;
}

/**
 * True if rows of the new type may widen a column unasked. Integers do not turn into decimals or
 * floating point numbers: that cannot be taken back, and is seldom meant.
 */
export function widensUnasked(from: string, to: string): boolean {
  return canWiden(from, to) &&
    (decimalOf(to) === undefined || decimalOf(from) !== undefined) &&
    (to !== "double" || from === "float");
}

/** A field with changes of its type added to its history. */
export function withTypeChanges(field: FieldJson, changes: readonly TypeChange[]): FieldJson {
  if (changes.length === 0) return field;
  const known = field.metadata[TYPE_CHANGES];
  const history = [...Array.isArray(known) ? known : [], ...changes];
  return { ...field, metadata: { ...field.metadata, [TYPE_CHANGES]: history } };
}

/** True if two types are the same, the names of fields and what may be null left aside. */
export function isSamePrimitive(a: TypeJson, b: TypeJson): boolean {
  const [one, other] = [decimalOf(a), decimalOf(b)];
  if (one === undefined || other === undefined) return a === b;
  return one.precision === other.precision && one.scale === other.scale;
}

function integerAsDecimal(type: string): { precision: number; scale: number } | undefined {
  const precision = INTEGER_DIGITS[type];
  return precision === undefined ? undefined : { precision, scale: 0 };
}
