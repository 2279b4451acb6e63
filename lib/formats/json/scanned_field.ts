import type { StructField } from "../../core/mod.ts";

// How a value is scanned: small integers, so that the switch over them is a jump.
export const STRING = 0;
export const BOOLEAN = 1;
export const INTEGER = 2;
export const FLOAT = 3;
export const LONG = 4;
export const EPOCH = 5;
export const DECIMAL = 6;
export const DATE = 7;
export const TIMESTAMP = 8;
export const TIMESTAMP_NTZ = 9;
export const OTHER = 10;

/** What the scanner knows of one field of the schema. */
export class ScannedField {
  /** The field itself. */
  readonly field: StructField;
  /** The column's index. */
  readonly index: number;
  /** How its value is scanned. */
  readonly kind: number;
  /** The name as it stands in the record, with quotes and colon. */
  readonly key: Uint8Array;
  /** Decimals: the precision. */
  readonly precision: number;
  /** Decimals: the scale. Timestamps: how many zeros make microseconds of the unit. */
  readonly scale: number;
  /** byte, short and integer: the greatest value. */
  readonly max: number;
  /** The field that came after this one last time. */
  next: ScannedField = this;

  /** Looks at a field of the schema once, for all records. */
  constructor(field: StructField, index: number) {
    const { type, epochUnit } = field;
    const decimal = typeof type === "object" && type.type === "decimal" ? type : undefined;
    this.field = field;
    this.index = index;
    this.kind = fieldKind(field);
    this.key = new TextEncoder().encode(`${JSON.stringify(field.sourceName)}:`);
    this.precision = decimal?.precision ?? 0;
    this.scale = decimal?.scale ?? (epochUnit === "s" ? 6 : epochUnit === "ms" ? 3 : 0);
    this.max = type === "byte" ? 127 : type === "short" ? 32767 : 2147483647;
  }
}

function fieldKind({ type, epochUnit }: StructField): number {
  switch (type) {
    case "string":
      return STRING;
    case "boolean":
      return BOOLEAN;
    case "byte":
    case "short":
    case "integer":
      return INTEGER;
    case "float":
    case "double":
      return FLOAT;
    case "long":
      return LONG;
    case "date":
      return DATE;
    case "timestamp":
      return epochUnit === undefined ? TIMESTAMP : EPOCH;
    case "timestamp_ntz":
      return epochUnit === undefined ? TIMESTAMP_NTZ : EPOCH;
    default:
      return typeof type === "object" && type.type === "decimal" && type.precision <= 18
        ? DECIMAL
        : OTHER;
  }
}
