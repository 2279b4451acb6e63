import { createHash } from "node:crypto";
import { type DataType, type Decimal, formatDateDays, type Schema } from "../../lib/core/mod.ts";

/** What a set of rows comes down to: equal for equal rows, whatever their order. */
export interface RowsDigest {
  readonly rows: number;
  readonly digest: string;
}

/** The digest that `tests/interop/canonical_rows.py` makes too. */
export function digestRows(schema: Schema, rows: Iterable<Record<string, unknown>>): RowsDigest {
  const encoder = new TextEncoder();
  const texts = Array.from(rows, (row) => encoder.encode(canonicalText(schema.type, row)));
  texts.sort(compareBytes);
  const hash = createHash("sha256");
  texts.forEach((text, i) => hash.update(i === 0 ? "" : "\n").update(text));
  return { rows: texts.length, digest: hash.digest("hex") };
}

/** A value as one text: JSON without blanks, with rules for what JSON leaves open. */
export function canonicalText(type: DataType, value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return decimalText(value as Decimal, type.scale);
      case "struct": {
        const object = value as Record<string, unknown>;
        const members = type.fields.map(({ name, type }) =>
          `${JSON.stringify(name)}:${canonicalText(type, object[name])}`
        );
        return `{${members.join(",")}}`;
      }
      case "array":
        return `[${
          (value as unknown[]).map((item) => canonicalText(type.elementType, item)).join(",")
        }]`;
      case "map": {
        const pairs = [...value as Map<unknown, unknown>].map(([key, item]) =>
          `[${canonicalText(type.keyType, key)},${canonicalText(type.valueType, item)}]`
        );
        return `[${pairs.sort().join(",")}]`;
      }
    }
  }
  switch (type) {
    case "string":
      return JSON.stringify(value);
    case "binary":
      return `"${(value as Uint8Array).toHex()}"`;
    case "date":
      return `"${formatDateDays(value as number)}"`;
    case "float":
    case "double":
      return Number.isFinite(value) ? String((value as number) + 0) : `"${value}"`;
    default:
      return String(value);
  }
}

function decimalText(value: Decimal, scale: number): string {
  return `"${(value.rescaled(scale) ?? value).toString()}"`;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}
